"""Networks by composition: an encoder, then a decoder, a classifier, or both."""
