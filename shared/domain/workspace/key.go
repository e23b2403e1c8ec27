package workspace

import (
	"cmp"
	"crypto/subtle"
	"slices"
	"strings"

	"waymark/shared/domain/fault"
)

// Kind is what sort of source a write key belongs to.
type Kind string

// The kinds. A site's key stands in its pages, so everybody has it; a server's key is a secret.
const (
	Site         Kind = ""
	ServerSource Kind = "server"
)

// String is how people say it: site or server.
func (k Kind) String() string { return cmp.Or(string(k), siteText) }

const siteText = "site"

// ReadKind reads what people say: site or server. Fault: Invalid bad_kind.
func ReadKind(text string) (Kind, error) {
	switch text {
	case siteText:
		return Site, nil
	case string(ServerSource):
		return ServerSource, nil
	}
	return Site, fault.Newf(fault.Invalid, "bad_kind", "a source is a site or a server, not %q", text).At("kind")
}

// KindOf is what sort of source one of the workspace's is. A source that is not there is a site: its word is believed least.
func (w Workspace) KindOf(source string) Kind {
	for _, k := range w.Keys {
		if k.Role == Write && k.Source == source {
			return k.Kind
		}
	}
	return Site
}

// CheckKind says whether a source may get a key of a kind: all write keys of a source are of one kind, because what a source sends is believed by it.
// Fault: Conflict other_kind.
func (w Workspace) CheckKind(source string, kind Kind) error {
	if is := w.KindOf(source); w.Sends(source) && is != kind {
		return fault.Newf(fault.Conflict, "other_kind", "the source %s of workspace %s is a %s, and a source has keys of one kind, by which it is believed; "+
			"name another source for the %s, such as --source %[1]s-%[4]s", source, w.Name, is, kind)
	}
	return nil
}

// IsPublic says whether everybody may read the key: a site's write key stands in its pages.
func (k Key) IsPublic() bool { return k.Role == Write && k.Kind == Site }

// Hashed stands before the fingerprint where the text of a key that is not public would be. A workspace that was read can so be written again, with
// a key expired or left out, by one who does not know the key.
const Hashed = "sha256:"

// shownDigits is how much of a fingerprint tells the keys of a workspace apart. It says nothing of the text.
const shownDigits = 12

// Fingerprint is the hex SHA-256 of the key's text, whether that is known or hashed.
func (k Key) Fingerprint() string {
	if known, isHashed := strings.CutPrefix(k.Text, Hashed); isHashed {
		return known
	}
	return Fingerprint(k.Text)
}

// WithoutSecret is the key as it is stored: the text of a public key as it is, that of any other hashed.
func (k Key) WithoutSecret() Key {
	if !k.IsPublic() {
		k.Text = Hashed + k.Fingerprint()
	}
	return k
}

// Label is how lists and messages name a key: a public one by its text, any other by the beginning of its fingerprint.
func (k Key) Label() string {
	if k.IsPublic() {
		return k.Text
	}
	return Hashed + k.Fingerprint()[:shownDigits]
}

// Is says whether the key has this text, known or hashed, in a time that does not tell how much of it is right.
func (k Key) Is(text string) bool {
	return subtle.ConstantTimeCompare([]byte(k.Fingerprint()), []byte(Fingerprint(text))) == 1
}

// Named finds one of the workspace's keys by its text, or its Label, and gives its place in Keys. Fault: NotFound unknown_key.
func (w Workspace) Named(text string) (int, error) {
	at := slices.IndexFunc(w.Keys, func(k Key) bool { return k.Is(text) || !k.IsPublic() && k.Label() == text })
	if at < 0 {
		return 0, fault.Newf(fault.NotFound, "unknown_key", "workspace %s has no such key; `waymark keys list %[1]s` shows what it has", w.Name)
	}
	return at, nil
}
