"""Short messages on the wire: the TPDUs of 3GPP TS 23.040 and their alphabets, without any I/O."""
