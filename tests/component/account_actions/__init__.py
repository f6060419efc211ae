"""The actions of provider accounts, against the real clients and simulated providers on real sockets."""
