"""The room that the bridge and the Home Assistant component share: model, addresses, alphabets."""
