//! A small scenario for tests of whole comparisons.

/// An order that takes from stock: by a saga, and by events beside the commit.
pub const SHOP: &str = "
    [scenario]
    name = 'shop'
    load = '20s'
    settle = '20s'
    [services]
    order = {}
    stock = {}
    [databases]
    order-db = {}
    stock-db = {}
    [tables]
    order = { owner = 'order', database = 'order-db', columns = { product = 0 } }
    product = { owner = 'stock', database = 'stock-db', columns = { sold = 0 }, rows = 100 }
    [operations.buy]
    keys = { order = 'new', product = { rows-of = 'product' } }
    steps = [
        { name = 'place', by = 'order', table = 'order', key = 'order',
          effect = { insert = { product = '{product}' } } },
        { name = 'take', by = 'stock', table = 'product', key = 'product',
          effect = { add = { sold = 1 } } },
    ]
    [load.shoppers]
    operation = 'buy'
    constant = '100ms'
    [variants.saga]
    pattern = 'orchestrated'
    [variants.dual-write]
    pattern = 'event-based'
    settings = { publish = 'dual-write' }
";

/// The driver nodes of [`SHOP`] are away for five seconds.
pub const BROKER_AWAY: &str = "
    [[faults]]
    kind = 'crash'
    at = '12s'
    for = '5s'
    target = 'role:driver'
";

/// An order that takes from the one product, with constant times: what a scenario has beside its
/// phases and loads, and variants.
pub const EXACT_SHOP: &str = r#"
    [services]
    order = { work = "1ms" }
    stock = { work = "1ms", recovery = "100ms" }
    [databases]
    order-db = { work = "1ms", force = "2ms" }
    stock-db = { work = "1ms", force = "2ms", lock-order = "arrival" }
    [links]
    default = { delay = "1ms" }
    database = { delay = "1ms" }
    client = { delay = "1ms" }
    [drivers]
    force = "2ms"
    work = "0s"
    [tables]
    order = { owner = "order", database = "order-db", columns = { product = 0 } }
    product = { owner = "stock", database = "stock-db", columns = { left = 9 }, rows = 1 }
    [operations.buy]
    keys = { order = "new", product = { rows-of = "product" } }
    steps = [
        { name = "place", by = "order", table = "order", key = "order",
          effect = { insert = { product = "{product}" } } },
        { name = "take", by = "stock", table = "product", key = "product",
          effect = { add = { left = -1 } } },
    ]
    [variants.xa]
    pattern = "two-phase-commit"
    [variants.saga]
    pattern = "orchestrated"
"#;
