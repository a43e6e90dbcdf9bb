//! Profiles: named defaults for network and disk, with their sources.

/// Named defaults for network and disk, as TOML text.
#[derive(Debug)]
pub struct Profile {
    /// The name in scenarios.
    pub name: &'static str,
    /// A line that describes it in lists.
    pub summary: &'static str,
    /// The one-way delay of a message between two nodes.
    pub delay: &'static str,
    /// The duration of a forced write.
    pub force: &'static str,
    /// The sources of the numbers.
    pub source: &'static str,
}

/// All profiles. Medians are those of the sources; tails are as long as those of a store on a
/// solid-state disk in the PBS paper (p99 3.4 times the mean: 2 ms to 0.58 ms).
pub const PROFILES: [Profile; 5] = [
    Profile {
        name: "lan-nvme",
        summary: "one room, local NVMe with power-loss protection",
        delay: "{ log-normal = { median = '150us', p99 = '510us' } }",
        force: "{ log-normal = { median = '50us', p99 = '170us' } }",
        source: "EC2 round trips in one zone .26-.41 ms; enterprise NVMe ~35 us; tail as PBS",
    },
    Profile {
        name: "lan-cloud",
        summary: "one zone of a cloud, network volumes",
        delay: "{ log-normal = { median = '250us', p99 = '850us' } }",
        force: "{ log-normal = { median = '1.8ms', p99 = '6.1ms' } }",
        source: "EC2 round trips below 1 ms; gp3 volume ~1.8 ms; tail as PBS",
    },
    Profile {
        name: "multi-az",
        summary: "several zones of a cloud, network volumes",
        delay: "{ log-normal = { median = '500us', p99 = '1.7ms' } }",
        force: "{ log-normal = { median = '1.8ms', p99 = '6.1ms' } }",
        source: "EC2 round trips across zones .94-1.13 ms; gp3 volume ~1.8 ms; tail as PBS",
    },
    Profile {
        name: "wan",
        summary: "services an ocean apart, network volumes",
        delay: "{ log-normal = { median = '75ms', p99 = '100ms' } }",
        force: "{ log-normal = { median = '1.8ms', p99 = '6.1ms' } }",
        source: "one way 75 ms as in the PBS paper; gp3 volume ~1.8 ms; p99 assumed",
    },
    Profile {
        name: "slow-disk",
        summary: "one zone of a cloud, consumer NVMe that really flushes",
        delay: "{ log-normal = { median = '250us', p99 = '850us' } }",
        force: "{ log-normal = { median = '5.6ms', p99 = '19ms' } }",
        source: "fsync of a 990 Pro 5.6 ms (pg_test_fsync); tail as PBS",
    },
];

impl Profile {
    /// The profile of a scenario that names none: `lan-cloud`.
    pub fn usual() -> &'static Self {
        &PROFILES[1]
    }

    /// The profile with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        PROFILES.iter().find(|profile| profile.name == name)
    }
}
