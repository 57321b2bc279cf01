//! Links between parties: frames, in-memory and mutual-TLS transports, shaping, metering, tampering.
