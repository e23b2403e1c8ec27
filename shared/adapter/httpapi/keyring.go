package httpapi

import (
	"context"
	"fmt"
	"time"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

// How long and how many keys are remembered. A revoked key therefore works for up to KnownFor longer, and a key that was tried before it was
// made is refused for up to UnknownFor.
const (
	KnownFor      = time.Minute
	UnknownFor    = 5 * time.Minute
	maxRemembered = 10_000
	maxKeyBytes   = 200 // longer texts are no keys and are not looked up
)

// KeyStore finds keys. NotFound when there is no such key, Unavailable when the store cannot be asked.
type KeyStore interface {
	Key(ctx context.Context, text string) (workspace.Key, error)
}

// Keyring tells what a key opens, and asks the store no more than once in a while for each key, known or not: whoever tries keys costs no
// reads. It remembers and looks up fingerprints, so that no time tells how much of a text is right. It may be used by several goroutines. Make one
// with NewKeyring.
type Keyring struct {
	store   KeyStore
	now     func() time.Time
	known   *memory[workspace.Key]
	unknown *memory[struct{}]
}

// NewKeyring begins with nothing remembered.
func NewKeyring(store KeyStore, now func() time.Time) *Keyring {
	return &Keyring{store: store, now: now, known: newMemory[workspace.Key](KnownFor), unknown: newMemory[struct{}](UnknownFor)}
}

// Find gives the key of a text. Faults: Unauthorized unknown_key or key_expired; those of the store.
func (k *Keyring) Find(ctx context.Context, text string) (workspace.Key, error) {
	key, err := k.find(ctx, text)
	if err != nil {
		return workspace.Key{}, err
	}
	if !key.Valid(k.now()) {
		return workspace.Key{}, fault.New(fault.Unauthorized, "key_expired", "the key has expired; use the one that replaced it")
	}
	return key, nil
}

func (k *Keyring) find(ctx context.Context, text string) (workspace.Key, error) {
	unknown := fault.New(fault.Unauthorized, "unknown_key", "the key is not known here; check it, and that it belongs to this installation")
	if len(text) > maxKeyBytes {
		return workspace.Key{}, unknown
	}
	now, fingerprint := k.now(), workspace.Fingerprint(text)
	if key, found := k.known.get(fingerprint, now); found {
		return key, nil
	}
	if _, found := k.unknown.get(fingerprint, now); found {
		return workspace.Key{}, unknown
	}
	key, err := k.store.Key(ctx, text)
	switch fault.KindOf(err) {
	case "":
		k.known.put(fingerprint, key, now)
		return key, nil
	case fault.NotFound:
		k.unknown.put(fingerprint, struct{}{}, now)
		return workspace.Key{}, unknown
	}
	return workspace.Key{}, fmt.Errorf("look up key: %w", err)
}

// Reader gives the secret key that a request carries as its Bearer token. Faults: Unauthorized missing_key, and those of Find; Forbidden
// write_key.
func (k *Keyring) Reader(ctx context.Context, r Request) (workspace.Key, error) {
	text := r.Bearer()
	if text == "" {
		return workspace.Key{}, fault.New(fault.Unauthorized, "missing_key", "send the secret key of a workspace: Authorization: Bearer sk_…")
	}
	key, err := k.Find(ctx, text)
	if err != nil {
		return workspace.Key{}, err
	}
	if key.Role != workspace.Secret {
		return workspace.Key{}, fault.New(fault.Forbidden, "write_key", "a write key may only send events; use the secret key of the workspace, sk_…")
	}
	return key, nil
}
