//! A provider's own sources: read, mapped to the agreed schema, validated, aggregated at home.
