//! Round-trip times and bandwidths as people write them.

use std::time::Duration;

use clap::Args;
use sharewell_engine::Wide;

/// Links as slow as this, to see on one machine what distance costs.
#[derive(Args, Clone, Copy)]
pub(crate) struct Distance {
    /// Make every link as slow as this round-trip time: 50ms, 0.2s, 300us
    #[arg(long, value_name = "TIME", value_parser = duration)]
    rtt: Option<Duration>,
    /// Make every link as narrow as this: 100mbit, 1gbit, 512kbit
    #[arg(long, value_name = "RATE", value_parser = bits_per_s)]
    bandwidth: Option<u64>,
}

/// What a link carries if only its round-trip time is given.
const UNLIMITED: u64 = 100_000_000_000;

impl Distance {
    pub(crate) fn wide(self) -> Option<Wide> {
        (self.rtt.is_some() || self.bandwidth.is_some()).then(|| Wide {
            rtt: self.rtt.unwrap_or_default(),
            bits_per_s: self.bandwidth.unwrap_or(UNLIMITED),
        })
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let seconds = scaled(text, &[("us", 1e-6), ("ms", 1e-3), ("s", 1.0)], "50ms, 0.2s or 300us")?;
    if seconds > 60.0 {
        Err("at most 60s".to_owned())
    } else {
        Ok(Duration::from_secs_f64(seconds))
    }
}

fn bits_per_s(text: &str) -> Result<u64, String> {
    let units = [("kbit", 1e3), ("mbit", 1e6), ("gbit", 1e9)];
    match scaled(text, &units, "100mbit, 1gbit or 512kbit")? as u64 {
        0 => Err("a link must carry something".to_owned()),
        rate => Ok(rate),
    }
}

/// A number and its unit.
fn scaled(text: &str, units: &[(&str, f64)], example: &str) -> Result<f64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text[digits.len()..].to_ascii_lowercase();
    let scale = units.iter().find(|(name, _)| *name == unit).map(|(_, scale)| scale);
    let number = digits.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0);
    match (number, scale) {
        (Some(number), Some(scale)) => Ok(number * scale),
        _ => Err(format!("write a number and its unit, such as {example}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_rates_are_read_with_their_units() {
        assert_eq!(duration("50ms"), Ok(Duration::from_millis(50)));
        assert_eq!(duration("0.2s"), Ok(Duration::from_millis(200)));
        assert_eq!(bits_per_s("100mbit"), Ok(100_000_000));
        assert_eq!(bits_per_s("1Gbit"), Ok(1_000_000_000));
    }

    #[test]
    fn a_number_without_its_unit_is_refused() {
        for text in ["", "50", "ms", "-1ms", "50 ms", "infs", "nans", "61s", "50mbit"] {
            assert!(duration(text).is_err(), "{text}");
        }
        for text in ["100", "100mb", "0mbit", "0.0001kbit"] {
            assert!(bits_per_s(text).is_err(), "{text}");
        }
    }
}
