/** Lets `rate` claims a second pass on average and `burst` at once. A rate of 0 lets everything pass. */
export class TokenBucket {
  readonly #rate: number;
  readonly #burst: number;
  #tokens: number;
  #last: number | undefined;

  constructor(rate: number, burst: number) {
    this.#rate = rate;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** Takes a token at this time in milliseconds, which must not run backwards. */
  claim(now: number): boolean {
    if (this.#rate <= 0) return true;
    this.#last ??= now;
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#last) * this.#rate) / 1000);
    this.#last = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
