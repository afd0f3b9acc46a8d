//! What requests and storage cost. List prices change, and few pay them: they are defaults that say so.

use crate::args::{Cost, PricesOf};
use serde_json::{Value, json};

/// US dollars for a million requests of a kind, and for a GB (10^9 bytes) stored for a month.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Prices {
    pub(super) put: f64,
    pub(super) get: f64,
    pub(super) list: f64,
    pub(super) storage: f64,
    source: &'static str,
    own: bool,
}

impl Prices {
    /// The table's, with those that were given in their place. `None` where the store costs nothing by the request.
    pub(super) fn of(args: &Cost, scheme: &str) -> Option<Self> {
        let own = [args.put_price, args.get_price, args.list_price, args.storage_price];
        let asked = args.prices.or(match scheme {
            "s3" => Some(PricesOf::S3),
            "gs" => Some(PricesOf::Gcs),
            "az" | "azure" | "abfs" | "abfss" => Some(PricesOf::Azure),
            _ => None,
        });
        let table = match asked {
            Some(PricesOf::S3) => S3,
            Some(PricesOf::Gcs) => GCS,
            Some(PricesOf::Azure) => AZURE,
            None if own.iter().any(Option::is_some) => NOTHING,
            None => return None,
        };
        let put = args.put_price.unwrap_or(table.put);
        Some(Self {
            put,
            get: args.get_price.unwrap_or(table.get),
            // Billed as PUTs are by everybody in the table.
            list: args.list_price.or(args.put_price).unwrap_or(table.list),
            storage: args.storage_price.unwrap_or(table.storage),
            own: own.iter().any(Option::is_some),
            ..table
        })
    }

    pub(super) fn document(&self) -> Value {
        json!({
            "put_per_million": self.put, "get_per_million": self.get, "list_per_million": self.list,
            "storage_per_gb_month": self.storage, "source": self.source, "as_of": AS_OF, "own": self.own,
        })
    }

    pub(super) fn describe(&self) -> String {
        let own = if self.own { "; some are your own" } else { "; look yours up, and give them as options" };
        format!(
            "prices: ${} a million PUTs, ${} GETs, ${} LISTs, ${} a GB and month ({}, {AS_OF}{own})",
            self.put, self.get, self.list, self.storage, self.source
        )
    }
}

/// When the table was made.
const AS_OF: &str = "2025-10";

const S3: Prices = Prices {
    put: 5.0,
    get: 0.4,
    list: 5.0,
    storage: 0.023,
    source: "list prices of S3 Standard, us-east-1, aws.amazon.com/s3/pricing",
    own: false,
};
const GCS: Prices = Prices {
    put: 5.0,
    get: 0.4,
    list: 5.0,
    storage: 0.020,
    source: "list prices of Cloud Storage Standard, us-east1, cloud.google.com/storage/pricing",
    own: false,
};
const AZURE: Prices = Prices {
    put: 5.5,
    get: 0.44,
    list: 5.5,
    storage: 0.0208,
    source: "about the list prices of Blob Storage, hot, LRS, azure.microsoft.com/pricing/details/storage/blobs",
    own: false,
};
const NOTHING: Prices = Prices { put: 0.0, get: 0.0, list: 0.0, storage: 0.0, source: "none", own: true };
