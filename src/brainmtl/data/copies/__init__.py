"""Copies among slices: decode once, search coarsely, verify finely; read pairs, series and matches off."""
