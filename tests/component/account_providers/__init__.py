"""The five providers behind an account: real clients, simulated providers, real sockets."""
