package workspace

import (
	"slices"
	"time"

	"waymark/shared/domain/event"
)

// IdentitySecret is what a site's server signs its users with. It is stored as text, because a proof is verified with it; it is shown once,
// when it is made, and never again.
type IdentitySecret struct {
	Text    string       `json:"text"`
	Expires event.Millis `json:"expires,omitempty"` // 0 = never; set on rotation so that proofs made before go on being valid
}

// String keeps the secret out of logs and messages.
func (IdentitySecret) String() string { return "[secret]" }

// GoString does so too.
func (IdentitySecret) GoString() string { return "[secret]" }

// Valid says whether what was received at an instant may be signed with it.
func (s IdentitySecret) Valid(received event.Millis) bool {
	return s.Expires == 0 || received < s.Expires
}

// IdentityText writes random text as an identity secret.
func IdentityText(random string) string { return "is_" + random }

// SecretsOf are the identity secrets of a source, the newest first.
func (w Workspace) SecretsOf(source string) []IdentitySecret {
	for _, k := range w.Keys {
		if k.Role == Write && k.Source == source && len(k.Secrets) > 0 {
			return k.Secrets
		}
	}
	return nil
}

// AddSecret gives a source a new identity secret. The one before it stays valid for the overlap, and no other does: at most two are valid at once.
func (w *Workspace) AddSecret(source, text string, now time.Time, overlap time.Duration) {
	secrets := []IdentitySecret{{Text: text}}
	if before := w.SecretsOf(source); len(before) > 0 && overlap > 0 {
		kept := before[0]
		kept.Expires = event.At(now.Add(overlap))
		secrets = append(secrets, kept)
	}
	for i := range w.Keys {
		if k := &w.Keys[i]; k.Role == Write && k.Source == source {
			k.Secrets = slices.Clone(secrets)
		}
	}
}

// Shown is the key as it may be shown: without the identity secrets of its source.
func (k Key) Shown() Key {
	k.Secrets = nil
	return k
}
