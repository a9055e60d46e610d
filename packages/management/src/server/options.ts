/** What holds for all ports of the API. */
export interface HttpOptions {
  /** Before `/api` and all other paths: `/rabbit`. "": none. */
  readonly pathPrefix: string;
  /** Bytes of a request's body. */
  readonly bodySizeMax: number;
  readonly cors: CorsOptions;
  /** Headers of all answers, by name: Content-Security-Policy and so on. */
  readonly headers: Readonly<Record<string, string>>;
  /** Answers are compressed for clients that accept it. */
  readonly isCompressed: boolean;
}

export interface CorsOptions {
  /** `*`: any. Empty: no other origin may use the API. */
  readonly allowOrigins: readonly string[];
  readonly maxAgeSeconds: number;
}
