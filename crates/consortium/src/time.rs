//! Moments, to the second, in universal time.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sharewell_study::date;

const DAY: u64 = 86_400;

/// Seconds since 1970; its text is that of RFC 3339, `2026-11-23T12:34:56Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

impl Time {
    /// By this machine's clock.
    #[must_use]
    pub fn now() -> Self {
        Self(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }

    /// The last second of a day written `2026-11-23`, or the moment that a text says.
    #[must_use]
    pub fn end_of(text: &str) -> Option<Self> {
        match date::parse(text) {
            Some(day) => Some(Self((u64::try_from(day).ok()? + 1) * DAY - 1)),
            None => text.parse().ok(),
        }
    }

    /// Minutes since midnight.
    #[must_use]
    pub fn minutes(self) -> u32 {
        (self.0 % DAY / 60) as u32
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (day, second) = (self.0 / DAY, self.0 % DAY);
        let day = i32::try_from(day).unwrap_or(i32::MAX);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{}T{hour:02}:{minute:02}:{second:02}Z", date::format(day))
    }
}

impl FromStr for Time {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WANTED: &str = "a moment is written as 2026-11-23T12:34:56Z";
        let (day, rest) = text.split_once('T').ok_or(WANTED)?;
        let day = date::parse(day).and_then(|day| u64::try_from(day).ok()).ok_or(WANTED)?;
        let parts: Vec<u64> = rest
            .strip_suffix('Z')
            .ok_or(WANTED)?
            .split(':')
            .map(|part| part.parse().map_err(|_| WANTED))
            .collect::<Result<_, _>>()?;
        let [hour, minute, second] = parts[..] else { return Err(WANTED) };
        let time = Self(day * DAY + hour * 3600 + minute * 60 + second);
        // One spelling for one moment.
        if hour < 24 && time.to_string() == text { Ok(time) } else { Err(WANTED) }
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_one_spelling() {
        let time = Time(1_795_437_296);
        assert_eq!(time.to_string(), "2026-11-23T12:34:56Z");
        assert_eq!("2026-11-23T12:34:56Z".parse(), Ok(time));
        assert_eq!(Time::end_of("2026-11-23"), "2026-11-23T23:59:59Z".parse().ok());
        assert_eq!(time.minutes(), 12 * 60 + 34);
        for text in ["2026-11-23T12:34:56", "2026-11-23T24:00:00Z", "2026-11-23T1:00:00Z", "", "T"]
        {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
    }
}
