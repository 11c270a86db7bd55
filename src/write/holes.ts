/** The places in text and wire form that were left for signatures, until these are made. */

import { writeBase64 } from '../records/encodings.js';
import type { RrsetSigner } from '../sign/rrsigs.js';
import type { RecordText } from './record-text.js';
import type { WireText } from './wire-text.js';

/** A signature whose octets are in no wire form: ZONEMD's own are not digested. */
const NOWHERE = 0xffffffff;

/** Where the signature with a number goes. */
export class SignatureHoles {
  private inText = new Uint32Array(2048);
  private inWire = new Uint32Array(2048);

  /** The signature's base64 begins at `at` in the text. */
  setText(number: number, at: number): void {
    if (number >= this.inText.length) {
      const wider = (from: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> => {
        const to = new Uint32Array(number * 2);
        to.set(from);
        return to;
      };
      this.inText = wider(this.inText);
      this.inWire = wider(this.inWire);
    }
    this.inText[number] = at;
    this.inWire[number] = NOWHERE;
  }

  /** Its octets begin at `at` in the wire form; call it after {@link setText}. */
  setWire(number: number, at: number): void {
    this.inWire[number] = at;
  }

  /** Makes the signatures and puts them into their places. */
  fill(signer: RrsetSigner, text: RecordText, wire: WireText): void {
    const { inText, inWire } = this;
    signer.signAll((number, signature, length) => {
      writeBase64(signature, 0, length, text.buffer, inText[number]);
      let o = inWire[number];
      if (o === NOWHERE) return;
      for (let i = 0; i < length; i++) wire.buffer[o++] = signature[i];
    });
  }
}
