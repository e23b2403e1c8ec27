package collect

import (
	"context"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

// writeKey finds the key that a request was sent with and checks that it may send from there. It gives the key even with an error, once known.
// Faults: Invalid key_mismatch, Unauthorized missing_key, unknown_key or key_expired, Forbidden secret_key, server_key_leaked or origin_refused,
// Unavailable.
func (h *Handler) writeKey(ctx context.Context, r httpapi.Request, to route, inBody string) (workspace.Key, error) {
	text, err := agreedKey(r.Basic(), inBody, r.Query.Get("writeKey"))
	if err != nil {
		return workspace.Key{}, err
	}
	key, err := h.keyring.Find(ctx, text)
	if err != nil {
		return workspace.Key{}, err
	}
	if key.Role != workspace.Write {
		return key, secretKey()
	}
	if key.Kind == workspace.ServerSource && isExposed(r, to) {
		return key, h.leaked(ctx, key)
	}
	if !key.Allows(r.Headers["origin"]) {
		return key, fault.New(fault.Forbidden, "origin_refused", "the write key may not be used from this site; add the site to the key's origins")
	}
	return key, nil
}

func secretKey() error {
	return fault.New(fault.Forbidden, "secret_key", "this is a secret key, which reads; send events with a write key, wk_…")
}

// agreedKey takes the key from where it is looked for first: the Basic user, the body, the query. It never guesses between two.
func agreedKey(said ...string) (string, error) {
	agreed := ""
	for _, text := range said {
		if agreed != "" && text != "" && text != agreed {
			return "", fault.New(fault.Invalid, "key_mismatch", "the Authorization header, the body and the query name different write keys; send one")
		}
		if agreed == "" {
			agreed = text
		}
	}
	if agreed == "" {
		return "", fault.New(fault.Unauthorized, "missing_key", "send the write key: as user of a Basic Authorization header, as writeKey in the body, or as ?writeKey=")
	}
	return agreed, nil
}
