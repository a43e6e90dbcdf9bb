//! Estates of any size: services in a row, each with a database and a table of its own, and
//! operations that are spread over them evenly.

/// A system that is generated for a test.
#[derive(Clone, Copy)]
pub struct Estate {
    /// Services `s1`, `s2`, ..., with databases `d1`, ... and tables `t1`, ...
    pub services: usize,
    /// Operations `o1`, `o2`, ..., each with a load and a probe.
    pub kinds: usize,
    /// Steps of each operation, at as many services.
    pub steps: usize,
    /// Initial rows of each table.
    pub rows: u64,
    /// How many of each kind of operation arrive in a second.
    pub rate: f64,
}

impl Estate {
    /// The scenario, with a variant of each pattern that carries out steps at several services.
    pub fn text(&self) -> String {
        let head = "[scenario]\nname = 'estate'\nwarm-up = '1s'\nload = '21s'\nsettle = '40s'\n\
                    [variants]\nsaga = { pattern = 'orchestrated' }\n\
                    events = { pattern = 'event-based' }\n\
                    xa = { pattern = 'two-phase-commit' }\n\
                    sync = { pattern = 'background-sync', settings = { interval = '5s' } }\n";
        let services = (1..=self.services).map(|at| self.service(at));
        let operations = (1..=self.kinds).map(|at| self.operation(at));
        [head.to_owned()].into_iter().chain(services).chain(operations).collect()
    }

    fn service(&self, at: usize) -> String {
        format!(
            "[services.s{at}]\n[databases.d{at}]\n[tables.t{at}]\nowner = 's{at}'\n\
             database = 'd{at}'\ncolumns = {{ of = 0 }}\nrows = {}\n",
            self.rows
        )
    }

    fn operation(&self, at: usize) -> String {
        let Self { services, steps, rate, .. } = *self;
        let tables: Vec<usize> =
            (0..steps).map(|step| (at + step * (services / steps)) % services + 1).collect();
        let first = tables[0];
        let mut text = format!(
            "[load.o{at}]\noperation = 'o{at}'\npoisson = {rate:?}\n\
             [reads.r{at}]\noperation = 'o{at}'\nat = ['100ms']\n\
             [operations.o{at}]\nkeys = {{ row = {{ rows-of = 't{first}' }} }}\n"
        );
        for (step, table) in (1..).zip(tables) {
            text += &format!(
                "[[operations.o{at}.steps]]\nname = 'p{step}'\nby = 's{table}'\n\
                 table = 't{table}'\nkey = 'row'\neffect = {{ set = {{ of = '{{ordinal}}' }} }}\n\
                 undo = {{ set = {{ of = 0 }} }}\n"
            );
            if step > 1 {
                text += &format!("derive = {{ copy = 't{first}', from = 'of', to = 'of' }}\n");
            }
        }
        text
    }
}
