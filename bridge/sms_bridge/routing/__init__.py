"""From a committed command to a gateway and back: router, dispatcher, outbox, inbox, limits."""
