//! A check of a broker's promises against the history: one rule after another,
//! each plainly and without regard to speed.

use super::*;

/// Every message takes as long.
const LINK: Span = Span::from_millis(1);

/// One time that the broker handed a parcel to a group.
#[derive(Clone, Debug)]
pub(super) struct HandOut {
    op: OpId,
    group: u16,
    /// How often the broker had been restarted.
    life: u16,
    process: u32,
    pub at: Time,
    message: u32,
    pub number: u64,
    /// True unless a process that was down refused the delivery.
    counts: bool,
    /// When the consumer answered what.
    answer: Option<(Time, bool)>,
    /// When the broker gave up, and how.
    discarded: Option<(Time, Discard)>,
}

/// All that is known of a run.
pub(super) struct Story {
    policy: BrokerPolicy,
    parcels: Vec<Parcel>,
    /// The messages that the broker acknowledged to their publisher.
    safe: BTreeSet<OpId>,
    pub hand_outs: Vec<HandOut>,
    /// Parcels in the order in which the broker took them, and in which life.
    taken: Vec<(OpId, u16)>,
    /// The partition and the number of what was published.
    published: BTreeMap<OpId, (u16, u64)>,
    /// When each life of the broker ended.
    ends: BTreeMap<u16, Time>,
    last_life: u16,
    /// The holds in the log: `event` or `dead letter`, and the change.
    holds: Vec<(OpId, &'static str, i64)>,
    /// How many lines the log has in the end.
    pub kept: usize,
}

impl Story {
    /// Reads the history.
    pub fn read(
        bench: &Bench,
        policy: BrokerPolicy,
        parcels: Vec<Parcel>,
        safe: BTreeSet<OpId>,
        kept: usize,
    ) -> Self {
        let broker = bench.node("broker");
        let mut story = Self {
            policy,
            parcels,
            safe,
            hand_outs: Vec::new(),
            taken: Vec::new(),
            published: BTreeMap::new(),
            ends: BTreeMap::new(),
            last_life: bench.world.env().sim().incarnation(broker),
            holds: Vec::new(),
            kept,
        };
        let event = bench.world.env().label("event");
        let mut handed = None;
        for record in &bench.keep.borrow().0 {
            let taken = (record.op, record.incarnation);
            match record.event {
                Event::Crashed { .. } if record.node == broker => {
                    story.ends.insert(record.incarnation, record.time);
                }
                Event::Logged { label, .. } if label == event => {
                    assert!(policy.durable, "a volatile broker has no log");
                    story.taken.push(taken);
                }
                Event::Published { partition, number, .. } => {
                    assert!(partition < policy.partitions);
                    story.published.insert(record.op, (partition, number));
                    if !policy.durable {
                        story.taken.push(taken);
                    }
                }
                Event::Holds { change, .. } => {
                    story.holds.push((record.op, bench.label(record), change));
                }
                Event::Handed { number, .. } => handed = Some((record.op, record.process, number)),
                Event::Sent { label, to, .. } if label == event && record.node == broker => {
                    let (op, process, number) =
                        handed.take().expect("it is handed out, then it leaves");
                    assert_eq!((op, process), (record.op, record.process));
                    story.hand_outs.push(HandOut::of(number, record, to));
                }
                _ => story.follow(record),
            }
        }
        story
    }

    /// Follows the outcome of a hand-out.
    fn follow(&mut self, record: &Record) {
        let mut hand_outs = self.hand_outs.iter_mut().rev();
        match record.event {
            Event::Queued { .. } | Event::Decided { .. } => {
                let Some(hand_out) = hand_outs.find(|it| it.message == record.cause) else {
                    return;
                };
                hand_out.counts = true;
                if let Event::Decided { decision, .. } = record.event {
                    hand_out.answer = Some((record.time, decision == Decision::Commit));
                }
            }
            Event::Lost { .. } => {
                if let Some(hand_out) = hand_outs.find(|it| it.message == record.message) {
                    hand_out.counts = true;
                }
            }
            Event::Discarded { discard, number, .. } => {
                let same = |it: &&mut HandOut| {
                    (it.process, it.life) == (record.process, record.incarnation)
                };
                let hand_out = hand_outs.find(same).expect("it was handed out before");
                assert_eq!((hand_out.op, hand_out.number), (record.op, number));
                hand_out.discarded = Some((record.time, discard));
            }
            _ => {}
        }
    }

    fn parcel(&self, op: OpId) -> &Parcel {
        &self.parcels[op.0 as usize]
    }

    /// A group's hand-outs of a parcel.
    pub fn of(&self, op: OpId, group: u16) -> Vec<&HandOut> {
        let same = |it: &&HandOut| (it.op, it.group) == (op, group);
        self.hand_outs.iter().filter(same).collect()
    }

    /// The same in one life of the broker.
    fn within(&self, op: OpId, group: u16, life: u16) -> Vec<&HandOut> {
        let of = self.of(op, group).into_iter();
        of.filter(|it| it.life == life).collect()
    }

    /// When the broker heard that a hand-out was acknowledged: in time, and in the same life. If it
    /// crashed at the same instant, it may have gone on, but has kept nothing.
    fn heard(&self, hand_out: &HandOut) -> Option<Time> {
        let (answered, yes) = hand_out.answer?;
        let heard = answered + LINK;
        let in_time = heard <= hand_out.at + self.policy.visibility_timeout;
        let lives = self.ends.get(&hand_out.life).is_none_or(|end| heard <= *end);
        (yes && in_time && lives).then_some(heard)
    }

    /// The time of the acknowledgement, if the broker lived on to record it.
    fn acknowledged(&self, hand_out: &HandOut) -> Option<Time> {
        let end = self.ends.get(&hand_out.life);
        self.heard(hand_out).filter(|heard| end.is_none_or(|end| heard < end))
    }

    /// When nothing was left to do about a hand-out.
    fn over(&self, hand_out: &HandOut) -> Option<Time> {
        self.acknowledged(hand_out).or(hand_out.discarded.map(|(time, _)| time))
    }

    /// Every parcel that was taken, with every group that wants it.
    pub fn wanted(&self) -> impl Iterator<Item = (OpId, u16, u16)> {
        self.taken.iter().flat_map(move |(op, life)| {
            let groups = 0..GROUPS.len() as u16;
            let wanting = groups.filter(move |group| self.parcel(*op).wanted >> group & 1 == 1);
            wanting.map(move |group| (*op, *life, group))
        })
    }

    /// Returns whether two parcels were to keep their order.
    fn in_line(&self, one: OpId, other: OpId) -> bool {
        let partition = |op| self.published.get(&op).map(|(partition, _)| partition);
        let same_key = self.parcel(one).key == self.parcel(other).key;
        self.policy.by_key && same_key
            || partition(one).is_some() && partition(one) == partition(other)
    }

    /// All that a broker promises.
    pub fn check(&self) {
        self.check_publication();
        for (op, life, group) in self.wanted() {
            if self.policy.at_least_once {
                self.check_insistence(op, group);
                self.check_arrival(op, life, group);
            } else {
                self.check_once(op, life, group);
            }
        }
        for hand_out in &self.hand_outs {
            let wanted = self.parcel(hand_out.op).wanted;
            assert_eq!(wanted >> hand_out.group & 1, 1, "nobody wanted {hand_out:?}");
            self.check_order(hand_out);
        }
        self.check_holds();
    }

    /// Acknowledged messages were published; parcels of one key share a partition; and as long as
    /// the broker can remember, each parcel has a number of its own, that grows.
    fn check_publication(&self) {
        for op in &self.safe {
            assert!(self.published.contains_key(op), "{op:?} was acknowledged, not published");
        }
        let mut of_key = BTreeMap::new();
        for (op, (partition, _)) in self.published.iter().filter(|_| self.policy.by_key) {
            let known = of_key.entry(self.parcel(*op).key).or_insert(partition);
            assert_eq!(*known, partition, "{op:?}");
        }
        let number = |op: OpId| {
            let handed = self.hand_outs.iter().filter(|it| it.op == op).map(|it| it.number);
            let mut numbers = self.published.get(&op).map(|(_, it)| *it).into_iter().chain(handed);
            let first = numbers.next()?;
            assert!(numbers.all(|number| number == first), "{op:?} changes its number");
            Some(first)
        };
        let numbers = self.taken.iter().filter_map(|(op, life)| {
            number(*op).map(|number| (if self.policy.durable { 0 } else { *life }, number))
        });
        assert!(numbers.is_sorted_by(|one, other| one < other), "numbers grow");
    }

    /// At least once: as long as the broker lives it hands out until it hears that it may stop,
    /// not before it has reason to ask again, and not more often than the policy says.
    fn check_insistence(&self, op: OpId, group: u16) {
        for life in 0..=self.last_life {
            let mut counted = 0;
            let hand_outs = self.within(op, group, life);
            for (at, hand_out) in hand_outs.iter().enumerate() {
                counted += u16::from(hand_out.counts);
                let again = hand_outs.get(at + 1);
                assert!(counted <= self.policy.max_deliveries, "one too many: {hand_out:?}");
                assert!(again.is_none() || self.over(hand_out).is_none(), "again: {hand_out:?}");
                if let Some((_, how)) = hand_out.discarded {
                    assert_eq!(how, Discard::DeadLetter, "{hand_out:?}");
                    assert_eq!(counted, self.policy.max_deliveries, "{hand_out:?}");
                    assert_eq!(self.acknowledged(hand_out), None, "{hand_out:?}");
                }
                let patience = hand_out.at + self.policy.visibility_timeout;
                let refused = hand_out.answer.filter(|(_, yes)| !yes).map(|(time, _)| time);
                let reason = if hand_out.counts {
                    refused.unwrap_or(patience).min(patience)
                } else {
                    hand_out.at // The process was down, and its machine said so.
                };
                assert!(again.is_none_or(|again| again.at > reason), "early: {hand_out:?}");
            }
        }
    }

    /// At least once: what was taken arrives, or becomes a dead letter; unless it was not durable
    /// when the broker crashed. Nothing is asked again unless a crash made the broker forget.
    fn check_arrival(&self, op: OpId, life: u16, group: u16) {
        let hand_outs = self.of(op, group);
        let last = hand_outs.last();
        let over = last.is_some_and(|last| self.over(last).is_some());
        if self.policy.durable {
            let known = self.safe.contains(&op)
                || self.published.contains_key(&op)
                || self.hand_outs.iter().any(|it| it.op == op);
            assert!(over || !known && self.ends.contains_key(&life), "{op:?} is lost: {last:?}");
        } else {
            assert!(over || self.ends.contains_key(&life), "{op:?} is lost: {last:?}");
            assert!(hand_outs.iter().all(|it| it.life == life), "{op:?} cannot be known");
        }
    }

    /// At most once: never twice; and once, unless a crash came between.
    fn check_once(&self, op: OpId, life: u16, group: u16) {
        let hand_outs = self.of(op, group);
        assert!(hand_outs.len() <= 1, "handed out twice: {hand_outs:?}");
        assert!(hand_outs.len() == 1 || self.ends.contains_key(&life), "{op:?} is lost");
        for hand_out in hand_outs {
            let lives = !self.ends.contains_key(&hand_out.life);
            if let Some((_, how)) = hand_out.discarded {
                assert_eq!((how, self.acknowledged(hand_out)), (Discard::Lost, None));
            }
            assert!(!lives || self.over(hand_out).is_some(), "{hand_out:?}");
        }
    }

    /// Before a parcel is handed out, the group is done with all that came before it in line.
    fn check_order(&self, hand_out: &HandOut) {
        let before = self.taken.iter().take_while(|(op, _)| *op != hand_out.op);
        let in_line = before.filter(|(op, _)| self.in_line(*op, hand_out.op));
        for (op, life) in in_line {
            if self.parcel(*op).wanted >> hand_out.group & 1 == 0 {
                continue;
            }
            let all = self.of(*op, hand_out.group);
            let now = self.within(*op, hand_out.group, hand_out.life);
            let earlier = all.iter().rev().find(|it| it.life < hand_out.life);
            let done = |it: &HandOut| self.over(it).is_some_and(|over| over <= hand_out.at);
            let settled = match (now.last(), earlier) {
                (Some(last), _) => done(last) || self.heard(last).is_some_and(|t| t <= hand_out.at),
                (None, Some(earlier)) => {
                    done(earlier) || !self.policy.durable || !self.policy.at_least_once
                }
                // It was lost in a crash before it could be handed out.
                (None, None) => *life < hand_out.life,
            };
            assert!(settled, "{op:?} comes before {hand_out:?}");
        }
    }

    /// A durable broker holds a parcel for each group until that group is done with it, and then
    /// the dead letters. A volatile one holds nothing.
    fn check_holds(&self) {
        let mut held: BTreeMap<(OpId, &str), i64> = BTreeMap::new();
        for (op, label, change) in &self.holds {
            let held = held.entry((*op, *label)).or_default();
            *held += change;
            let most = i64::from(self.parcel(*op).wanted.count_ones());
            assert!((0..=most).contains(&*held), "{held} of {op:?}, {most} wanted it");
        }
        assert!(self.policy.durable || held.is_empty());
        for (op, _) in self.taken.iter().filter(|_| self.policy.durable) {
            let groups = 0..GROUPS.len() as u16;
            let last = groups.filter_map(|group| self.of(*op, group).last().copied());
            let dead = last
                .filter(|last| last.discarded.is_some_and(|(_, how)| how == Discard::DeadLetter))
                .count();
            let of = |label| held.get(&(*op, label)).copied().unwrap_or_default();
            assert_eq!((of("event"), of("dead letter")), (0, dead as i64), "{op:?}");
        }
    }
}

impl HandOut {
    /// The broker hands a parcel out, and the message leaves.
    fn of(number: u64, sent: &Record, to: NodeId) -> Self {
        Self {
            op: sent.op,
            group: to.0 - 1, // Node 0 is that of the clients; services come next.
            life: sent.incarnation,
            process: sent.process,
            at: sent.time,
            message: sent.message,
            number,
            counts: false,
            answer: None,
            discarded: None,
        }
    }
}
