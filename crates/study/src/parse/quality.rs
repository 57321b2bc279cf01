//! What a provider's records must be like.

use toml::Spanned;

use super::Reader;
use crate::document::Section;
use crate::{Constant, Decimal, Quality};

impl Reader<'_> {
    pub(super) fn quality(&self, section: Section<'_>) -> Option<Quality> {
        let min_rows = self.number(&section, "min_rows", 0, 0..=u64::MAX);
        let share = |key| self.positive(&section, key, Some(1));
        let max_rejected = share("max_rejected");
        let max_missing = share("max_missing");
        let max_outliers = share("max_outliers");
        let max_future = share("max_future");
        let outlier_z = self.positive(&section, "outlier_z", None);
        let words = [("allow", Constant::Allow), ("refuse", Constant::Refuse)];
        let constant = match section.has("constant") {
            false => Some(Constant::Allow),
            true => section.optional("constant").and_then(|word| self.choice(&word, &words)),
        };
        section.finish();
        Some(Quality {
            min_rows: min_rows?,
            max_rejected: max_rejected?,
            max_missing: max_missing?,
            max_outliers: max_outliers?,
            outlier_z: outlier_z?.unwrap_or(Quality::OUTLIER_Z),
            max_future: max_future?,
            constant: constant?,
        })
    }

    /// A number that may be left out, at least 0 and at most `max`.
    fn positive(
        &self,
        section: &Section<'_>,
        key: &'static str,
        max: Option<i128>,
    ) -> Option<Option<Decimal>> {
        if !section.has(key) {
            return Some(None);
        }
        let number: Spanned<Decimal> = section.optional(key)?;
        let Decimal { digits, scale } = *number.get_ref();
        let unit = 10i128.pow(scale.into());
        let fits = digits >= 0 && max.is_none_or(|max| digits <= max * unit);
        self.require(fits, number.span(), || match max {
            Some(max) => {
                let message = format!("`{key}` must be from 0 to {max}");
                (message, "it is a share, such as 0.05".to_owned())
            }
            None => (format!("`{key}` must not be negative"), String::new()),
        })?;
        Some(Some(number.into_inner()))
    }
}
