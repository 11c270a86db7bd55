/**
 * Keys, DS records and signatures printed in RFC 5702 §6, RFC 6605 §6 and RFC 8080 §6.
 */

export interface Vector {
  readonly title: string;
  /** Text of the `.private` file. */
  readonly private: string;
  readonly owner: string;
  /** Rdata of the DNSKEY, base64 in pieces. */
  readonly dnskey: string;
  readonly tag: number;
  /** Digest type and digest in hexadecimal, if the document has a DS. */
  readonly ds?: readonly [type: number, digest: string];
  readonly signedOwner: string;
  /** Type number and rdata (hexadecimal) of the one record that is signed. */
  readonly record: readonly [type: number, rdata: string];
  readonly labels: number;
  /** Seconds. */
  readonly ttl: number;
  readonly expiration: number;
  readonly inception: number;
  readonly signature: string;
  /** Does the algorithm give the same bytes each time? */
  readonly deterministic: boolean;
}

const utc = (text: string): number => Date.parse(text) / 1000;
/** 10 mail.example.com. */
const MX = '000a046d61696c076578616d706c6503636f6d00';

export const VECTORS: readonly Vector[] = [
  {
    title: 'RFC 5702 §6.1 RSASHA256',
    private: `Private-key-format: v1.2
Algorithm:       8 (RSASHA256)
Modulus:         wVwaxrHF2CK64aYKRUibLiH30KpPuPBjel7E8ZydQW1HYWHfoGm
                 idzC2RnhwCC293hCzw+TFR2nqn8OVSY5t2Q==
PublicExponent:  AQAB
PrivateExponent: UR44xX6zB3eaeyvTRzmskHADrPCmPWnr8dxsNwiDGHzrMKLN+i/
                 HAam+97HxIKVWNDH2ba9Mf1SA8xu9dcHZAQ==
Prime1:          4c8IvFu1AVXGWeFLLFh5vs7fbdzdC6U82fduE6KkSWk=
Prime2:          2zZpBE8ZXVnL74QjG4zINlDfH+EOEtjJJ3RtaYDugvE=
Exponent1:       G2xAPFfK0KGxGANDVNxd1K1c9wOmmJ51mGbzKFFNMFk=
Exponent2:       GYxP1Pa7CAwtHm8SAGX594qZVofOMhgd6YFCNyeVpKE=
Coefficient:     icQdNRjlZGPmuJm2TIadubcO8X7V4y07aVhX464tx8Q=
`,
    owner: 'example.net',
    dnskey: `256 3 8 AwEAAcFcGsaxxdgiuuGmCkVI
      my4h99CqT7jwY3pexPGcnUFtR2Fh36BponcwtkZ4cAgtvd4Qs8P
      kxUdp6p/DlUmObdk=`,
    tag: 9033,
    signedOwner: 'www.example.net',
    record: [1, 'c000025b'],
    labels: 3,
    ttl: 3600,
    expiration: utc('2030-01-01T00:00:00Z'),
    inception: utc('2000-01-01T00:00:00Z'),
    signature: `kRCOH6u7l0QGy9qpC9
      l1sLncJcOKFLJ7GhiUOibu4teYp5VE9RncriShZNz85mwlMgNEa
      cFYK/lPtPiVYP4bwg==`,
    deterministic: true,
  },
  {
    title: 'RFC 5702 §6.2 RSASHA512',
    private: `Private-key-format: v1.2
Algorithm:       10 (RSASHA512)
Modulus:         0eg1M5b563zoq4k5ZEOnWmd2/BvpjzedJVdfIsDcMuuhE5SQ3pf
                 Q7qmdaeMlC6Nf8DKGoUPGPXe06cP27/WRODtxXquSUytkO0kJDk
                 8KX8PtA0+yBWwy7UnZDyCkynO00Uuk8HPVtZeMO1pHtlAGVnc8V
                 jXZlNKdyit99waaE4s=
PublicExponent:  AQAB
PrivateExponent: rFS1IPbJllFFgFc33B5DDlC1egO8e81P4fFadODbp56V7sphKa6
                 AZQCx8NYAew6VXFFPAKTw41QdHnK5kIYOwxvfFDjDcUGza88qbj
                 yrDPSJenkeZbISMUSSqy7AMFzEolkk6WSn6k3thUVRgSlqDoOV3
                 SEIAsrB043XzGrKIVE=
Prime1:          8mbtsu9Tl9v7tKSHdCIeprLIQXQLzxlSZun5T1n/OjvXSUtvD7x
                 nZJ+LHqaBj1dIgMbCq2U8O04QVcK3TS9GiQ==
Prime2:          3a6gkfs74d0Jb7yL4j4adAif4fcp7ZrGt7G5NRVDDY/Mv4TERAK
                 Ma0TKN3okKE0A7X+Rv2K84mhT4QLDlllEcw==
Exponent1:       v3D5A9uuCn5rgVR7wgV8ba0/KSpsdSiLgsoA42GxiB1gvvs7gJM
                 MmVTDu/ZG1p1ZnpLbhh/S/Qd/MSwyNlxC+Q==
Exponent2:       m+ezf9dsDvYQK+gzjOLWYeKq5xWYBEYFGa3BLocMiF4oxkzOZ3J
                 PZSWU/h1Fjp5RV7aPP0Vmx+hNjYMPIQ8Y5w==
Coefficient:     Je5YhYpUron/WdOXjxNAxDubAp3i5X7UOUfhJcyIggqwY86IE0Q
                 /Bk0Dw4SC9zxnsimmdBXW2Izd8Lwuk8FQcQ==
`,
    owner: 'example.net',
    dnskey: `256 3 10 AwEAAdHoNTOW+et86KuJOWRD
      p1pndvwb6Y83nSVXXyLA3DLroROUkN6X0O6pnWnjJQujX/AyhqFD
      xj13tOnD9u/1kTg7cV6rklMrZDtJCQ5PCl/D7QNPsgVsMu1J2Q8g
      pMpztNFLpPBz1bWXjDtaR7ZQBlZ3PFY12ZTSncorffcGmhOL`,
    tag: 3740,
    signedOwner: 'www.example.net',
    record: [1, 'c000025b'],
    labels: 3,
    ttl: 3600,
    expiration: utc('2030-01-01T00:00:00Z'),
    inception: utc('2000-01-01T00:00:00Z'),
    signature: `tsb4wnjRUDnB1BUi+t
      6TMTXThjVnG+eCkWqjvvjhzQL1d0YRoOe0CbxrVDYd0xDtsuJRa
      eUw1ep94PzEWzr0iGYgZBWm/zpq+9fOuagYJRfDqfReKBzMweOL
      DiNa8iP5g9vMhpuv6OPlvpXwm9Sa9ZXIbNl1MBGk0fthPgxdDLw
      =`,
    deterministic: true,
  },
  {
    title: 'RFC 6605 §6.1 ECDSAP256SHA256',
    private: `Private-key-format: v1.2
Algorithm: 13 (ECDSAP256SHA256)
PrivateKey: GU6SnQ/Ou+xC5RumuIUIuJZteXT2z0O/ok1s38Et6mQ=
`,
    owner: 'example.net',
    dnskey: `257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edb
      krSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==`,
    tag: 55648,
    ds: [2, 'b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17'],
    signedOwner: 'www.example.net',
    record: [1, 'c0000201'],
    labels: 3,
    ttl: 3600,
    expiration: utc('2010-09-09T10:04:39Z'),
    inception: utc('2010-08-12T10:04:39Z'),
    signature: `qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXA
      yGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw==`,
    deterministic: false,
  },
  {
    title: 'RFC 6605 §6.2 ECDSAP384SHA384',
    private: `Private-key-format: v1.2
Algorithm: 14 (ECDSAP384SHA384)
PrivateKey: WURgWHCcYIYUPWgeLmiPY2DJJk02vgrmTfitxgqcL4vw
   W7BOrbawVmVe0d9V94SR
`,
    owner: 'example.net',
    dnskey: `257 3 14 xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1
      w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8
      /uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40`,
    tag: 10771,
    ds: [
      4,
      '72d7b62976ce06438e9c0bf319013cf801f09ecc84b8d7e9495f27e305c6a9b0563a9b5f4d288405c3008a946df983d6',
    ],
    signedOwner: 'www.example.net',
    record: [1, 'c0000201'],
    labels: 3,
    ttl: 3600,
    expiration: utc('2010-09-09T10:20:25Z'),
    inception: utc('2010-08-12T10:20:25Z'),
    signature: `/L5hDKIvGDyI1fcARX3z65qrmPsVz73QD1Mr5CEqOiLP
      95hxQouuroGCeZOvzFaxsT8Glr74hbavRKayJNuydCuz
      WTSSPdz7wnqXL5bdcJzusdnI0RSMROxxwGipWcJm`,
    deterministic: false,
  },
  // The RRSIG lines of RFC 8080 §6 leave the algorithm out and say 3 labels; the signatures are
  // over the algorithm's number and 3 labels, though example.com has 2.
  {
    title: 'RFC 8080 §6.1 ED25519, first key',
    private: `Private-key-format: v1.2
Algorithm: 15 (ED25519)
PrivateKey: ODIyNjAzODQ2MjgwODAxMjI2NDUxOTAyMDQxNDIyNjI=
`,
    owner: 'example.com',
    dnskey: '257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=',
    tag: 3613,
    ds: [2, '3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b'],
    signedOwner: 'example.com',
    record: [15, MX],
    labels: 3,
    ttl: 3600,
    expiration: 1440021600,
    inception: 1438207200,
    signature: `Edk+IB9KNNWg0HAjm7FazXyrd5m3Rk8zNZbvNpAcM+eysqcUOMIjWoevFkj
      H5GaMWeG96GUVZu6ECKOQmemHDg==`,
    deterministic: true,
  },
  {
    title: 'RFC 8080 §6.1 ED25519, second key',
    private: `Private-key-format: v1.2
Algorithm: 15 (ED25519)
PrivateKey: DSSF3o0s0f+ElWzj9E/Osxw8hLpk55chkmx0LYN5WiY=
`,
    owner: 'example.com',
    dnskey: '257 3 15 zPnZ/QwEe7S8C5SPz2OfS5RR40ATk2/rYnE9xHIEijs=',
    tag: 35217,
    ds: [2, '401781b934e392de492ec77ae2e15d70f6575a1c0bc59c5275c04ebe80c6614c'],
    signedOwner: 'example.com',
    record: [15, MX],
    labels: 3,
    ttl: 3600,
    expiration: 1440021600,
    inception: 1438207200,
    signature: `5LL2obmzdqjWI+Xto5eP5adXt/T5tMhasWvwcyW4L3SzfcRawOle9bodhC+
      oip9ayUGjY9T/rL4rN3bOuESGDA==`,
    deterministic: true,
  },
  {
    title: 'RFC 8080 §6.2 ED448, first key',
    private: `Private-key-format: v1.2
Algorithm: 16 (ED448)
PrivateKey: xZ+5Cgm463xugtkY5B0Jx6erFTXp13rYegst0qRtNsOYnaVpMx0Z/c5EiA9x
            8wWbDDct/U3FhYWA
`,
    owner: 'example.com',
    dnskey: `257 3 16 3kgROaDjrh0H2iuixWBrc8g2EpBBLCdGzHmn+G2MpTPhpj/OiBVHHSfPodx
      1FYYUcJKm1MDpJtIA`,
    tag: 9713,
    ds: [2, '6ccf18d5bc5d7fc2fceb1d59d17321402f2aa8d368048db93dd811f5cb2b19c7'],
    signedOwner: 'example.com',
    record: [15, MX],
    labels: 3,
    ttl: 3600,
    expiration: 1440021600,
    inception: 1438207200,
    signature: `Nmc0rgGKpr3GKYXcB1JmqqS4NYwhmechvJTqVzt3jR+Qy/lSLFoIk1L+9e3
      9GPL+5tVzDPN3f9kAwiu8KCuPPjtl227ayaCZtRKZuJax7n9NuYlZJIusX0
      SOIOKBGzG+yWYtz1/jjbzl5GGkWvREUCUA`,
    deterministic: true,
  },
  {
    title: 'RFC 8080 §6.2 ED448, second key',
    private: `Private-key-format: v1.2
Algorithm: 16 (ED448)
PrivateKey: WEykD3ht3MHkU8iH4uVOLz8JLwtRBSqiBoM6fF72+Mrp/u5gjxuB1DV6NnPO
            2BlZdz4hdSTkOdOA
`,
    owner: 'example.com',
    dnskey: `257 3 16 kkreGWoccSDmUBGAe7+zsbG6ZAFQp+syPmYUurBRQc3tDjeMCJcVMRDmgcN
      Lp5HlHAMy12VoISsA`,
    tag: 38353,
    ds: [2, '645ff078b3568f5852b70cb60e8e696cc77b75bfaaffc118cf79cbda1ba28af4'],
    signedOwner: 'example.com',
    record: [15, MX],
    labels: 3,
    ttl: 3600,
    expiration: 1440021600,
    inception: 1438207200,
    signature: `+JjANio/LIzp7osmMYE5XD3H/YES8kXs5Vb9H8MjPS8OAGZMD37+LsCIcjg
      5ivt0d4Om/UaqETEAsJjaYe56CEQP5lhRWuD2ivBqE0zfwJTyp4WqvpULbp
      vaukswvv/WNEFxzEYQEIm9+xDlXj4pMAMA`,
    deterministic: true,
  },
];

/** The octets of base64 text with white space in it. */
export function base64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ''), 'base64'));
}

/** DNSKEY rdata from its presentation, put together by hand. */
export function dnskeyOf(text: string): Uint8Array {
  const [flags, protocol, algorithm, ...key] = text.split(/\s+/);
  const f = Number(flags);
  return Uint8Array.of(
    f >> 8,
    f & 255,
    Number(protocol),
    Number(algorithm),
    ...base64(key.join('')),
  );
}

/** Lower-case wire form of a plain name, put together by hand. */
export function wire(name: string): Uint8Array {
  const labels = name.split('.').filter((label) => label !== '');
  const octets = labels.flatMap((label) => [label.length, ...Buffer.from(label)]);
  return Uint8Array.of(...octets, 0);
}

/** What the signature of a vector is over (RFC 4034 §3.1.8.1), put together by hand. */
export function signedData(vector: Vector): Uint8Array {
  const [type, rdata] = vector.record;
  const fixed = Buffer.alloc(18);
  fixed.writeUInt16BE(type, 0);
  fixed[2] = dnskeyOf(vector.dnskey)[3];
  fixed[3] = vector.labels;
  fixed.writeUInt32BE(vector.ttl, 4);
  fixed.writeUInt32BE(vector.expiration, 8);
  fixed.writeUInt32BE(vector.inception, 12);
  fixed.writeUInt16BE(vector.tag, 16);
  const data = Buffer.from(rdata, 'hex');
  const record = Buffer.alloc(10);
  record.writeUInt16BE(type, 0);
  record.writeUInt16BE(1, 2);
  record.writeUInt32BE(vector.ttl, 4);
  record.writeUInt16BE(data.length, 8);
  return new Uint8Array(
    Buffer.concat([fixed, wire(vector.owner), wire(vector.signedOwner), record, data]),
  );
}
