package httpapi

import "waymark/shared/domain/workspace"

// allowedHeaders are those that the known collection clients send. Authorization must be named: a star does not cover it.
const allowedHeaders = "authorization, content-type, x-retry-count, anonymousid, sentat, rsa-recovered, rsa-retry-attempt, " +
	"rsa-since-last-attempt, rsa-since-first-attempt, rsa-retry-reason"

// CORS gives the headers that let a browser read the answer. Credentials are allowed to an origin alone that the key lists, and the header is
// then made of the key's text; nothing of the request is ever echoed. The zero Key lists none.
func CORS(origin string, key workspace.Key) map[string]string {
	for _, allowed := range key.Origins {
		if allowed == origin {
			return map[string]string{
				"access-control-allow-origin": allowed, "access-control-allow-credentials": "true", "vary": "origin",
			}
		}
	}
	return map[string]string{"access-control-allow-origin": "*"}
}

// Preflight gives the headers that answer an OPTIONS request, besides those of CORS.
func Preflight() map[string]string {
	return map[string]string{
		"access-control-allow-methods": "GET, POST, OPTIONS", "access-control-allow-headers": allowedHeaders, "access-control-max-age": "7200",
	}
}
