//! Services `s1`, `s2`, ... in a row, each with a table of its own, and nothing left to chance.

/// A chain of services that is built for a test.
pub(super) struct Chain {
    /// The steps of the first operation, `work`: one at each service from `s1` on.
    pub steps: usize,
    /// Those of the second, `play`, which arrives half-way between two of the first; none if 0.
    pub others: usize,
    /// The step of the first operation that is always refused, from 1.
    pub refused_at: Option<usize>,
    pub pattern: &'static str,
    pub settings: &'static str,
    pub links: &'static str,
    pub clients: &'static str,
    pub faults: String,
}

/// How many services there are.
const SERVICES: usize = 4;

impl Default for Chain {
    /// Every message takes a millisecond and so does the work of a request; one operation every
    /// ten seconds, six in all.
    fn default() -> Self {
        Self {
            steps: 1,
            others: 0,
            refused_at: None,
            pattern: "orchestrated",
            settings: "",
            links: "default = { delay = '1ms' }",
            clients: "deadline = '5s'\nattempts = 1",
            faults: String::new(),
        }
    }
}

impl Chain {
    pub fn crash(self, target: &str, at: &str, length: &str) -> Self {
        let fault = format!(
            "[[faults]]\nkind = 'crash'\nat = '{at}'\nfor = '{length}'\ntarget = '{target}'\n"
        );
        Self { faults: self.faults + &fault, ..self }
    }

    /// All but the variants.
    pub fn world(&self) -> String {
        let mut text = format!(
            "[scenario]\nname = 'chain'\nwarm-up = '0s'\nload = '70s'\nsettle = '120s'\n\
             [retry]\nattempts = 3\nbackoff = '100ms'\njitter = 0.0\nstep-deadline = '2s'\n\
             [clients]\n{}\n[drivers]\nforce = '2ms'\nwork = '0s'\nrecovery = '1s'\n\
             [broker]\nwork = '1ms'\nforce = '2ms'\nrecovery = '1s'\n\
             [links]\n{}\ndatabase = {{ delay = '1ms' }}\nclient = {{ delay = '1ms' }}\n",
            self.clients, self.links
        );
        for at in 1..=SERVICES {
            text += &format!(
                "[services.s{at}]\nwork = '1ms'\nrecovery = '1s'\n\
                 [databases.d{at}]\nwork = '100us'\nforce = '2ms'\n\
                 [tables.t{at}]\nowner = 's{at}'\ndatabase = 'd{at}'\n\
                 columns = {{ count = 0, of = 0 }}\nrows = 1000\n"
            );
        }
        text += &self.operation("work", self.steps, self.refused_at, "0s");
        if self.others > 0 {
            text += &self.operation("play", self.others, None, "5s");
        }
        text + &self.faults
    }

    /// With the one variant, whose pattern carries out everything, also what is a matter of one
    /// store.
    pub fn text(&self) -> String {
        let (pattern, settings) = (self.pattern, self.settings);
        let variant = format!(
            "pattern = '{pattern}'\nsettings = {{ {settings} }}\nsingle-store = 'through-driver'\n"
        );
        self.world() + "[variants.it]\n" + &variant
    }

    fn operation(&self, name: &str, steps: usize, refused: Option<usize>, from: &str) -> String {
        let mut text = format!("[operations.{name}]\nkeys = {{ row = {{ rows-of = 't1' }} }}\n");
        for at in 1..=steps {
            text += &format!(
                "[[operations.{name}.steps]]\nname = 's{at}'\nby = 's{at}'\ntable = 't{at}'\n\
                 key = 'row'\neffect = {{ set = {{ of = '{{ordinal}}' }} }}\n\
                 undo = {{ set = {{ of = 0 }} }}\n"
            );
            if at > 1 && self.pattern == "background-sync" {
                text += "derive = { copy = 't1', from = 'of', to = 'of' }\n";
            }
            if refused == Some(at) {
                text += "refuse = { probability = 1.0 }\n";
            }
        }
        text + &format!(
            "[load.{name}]\noperation = '{name}'\nconstant = '10s'\n\
                 from = '{from}'\nuntil = '70s'\n"
        )
    }
}
