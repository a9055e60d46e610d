/** Bytes from a peer or a file are not what they should be. The one error of all decoders of this package. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}
