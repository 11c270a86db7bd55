/** `POST /api/authenticate`: name and password for an access token, as CZDS has it. */

import { BODY_LIMIT, HttpError, jsonReply, type PlainReply, type Request } from './exchange.js';
import type { Route } from './router.js';
import type { Service } from './service.js';

export function authenticateRoutes(service: Service): readonly Route[] {
  const handle = async (request: Request): Promise<PlainReply> => {
    const { username, password } = await credentialsOf(request);
    try {
      const holder = await service.auth.signIn(request, username, password, 'api');
      return jsonReply(200, { accessToken: await service.auth.token(holder) });
    } catch (error) {
      // Clients of CZDS expect nothing in it, and browsers must not ask for a password here.
      if (error instanceof HttpError && error.status === 401) {
        throw new HttpError(401, '', { 'WWW-Authenticate': 'Bearer' });
      }
      throw error;
    }
  };
  // Some clients post with a slash at the end.
  return ['/api/authenticate', '/api/authenticate/'].map((path) => ({
    method: 'POST',
    path,
    errors: 'json',
    handle,
  }));
}

async function credentialsOf(
  request: Request,
): Promise<{ readonly username: string; readonly password: string }> {
  const type = request.headers['content-type']?.split(';')[0].trim().toLowerCase();
  if (type !== 'application/json') {
    throw new HttpError(415, 'send a JSON object, as Content-Type: application/json', {
      'Accept-Post': 'application/json',
    });
  }
  const wrong = new HttpError(400, 'send {"username": "…", "password": "…"}');
  const body = await request.body();
  let data: unknown;
  try {
    data = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw wrong;
  }
  if (typeof data !== 'object' || data === null) throw wrong;
  const { username, password } = data as Readonly<Record<string, unknown>>;
  if (typeof username !== 'string' || typeof password !== 'string') throw wrong;
  if (username === '' || password === '' || username.length > BODY_LIMIT) throw wrong;
  return { username, password };
}
