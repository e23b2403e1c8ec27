package collect

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/strictjson"
	"waymark/shared/domain/workspace"
)

// The rules of cookieless visitors are:
//
// The id of a visitor is an HMAC of workspace, source, address and user agent under the salt of a UTC day. Who has the
// salt can find out whether an id is that of an address and agent; who has not can find out nothing. A salt is random,
// serves for its day, and is deleted saltGrace after the end of it, so that nobody can compute an id of the past again and
// no id belongs to two days.
//
// The day is that of the event's own time, as long as its salt is there, so that a client which sends an event again
// after midnight sends the same event. After that it is the day of receipt.
const saltGrace = 6 * time.Hour

// visit is what a cookieless visitor is told by. What is empty is taken from the request.
type visit struct {
	address, agent string
	at             event.Millis // of the event; 0 when it says no time
}

// visitOf reads a visit out of an event: servers send those of the visitor whom they speak for.
func visitOf(sent, shared strictjson.Value) visit {
	said := func(name string) string {
		return cmp.Or(sent.Get("context").Get(name).Scalar(), shared.Get(name).Scalar())
	}
	return visit{address: said("ip"), agent: said("userAgent"), at: event.TimeOf(sent)}
}

// visitor is the anonymous id of a cookieless visitor: the same for all events of a UTC day by which nobody can tell that
// there are two of them, and another one on the next day. Fault: Unavailable.
func (h *Handler) visitor(ctx context.Context, r httpapi.Request, key workspace.Key, v visit) (string, error) {
	received := event.At(r.Received)
	day := received.Day()
	if v.at != 0 && v.at.Day() < day && expiry(v.at) > event.At(h.Now()) {
		day = v.at.Day()
	}
	salt, err := h.salts.of(ctx, day)
	if err != nil {
		return "", fmt.Errorf("make the id of a visitor: %w", err)
	}
	code := hmac.New(sha256.New, []byte(salt))
	for _, part := range []string{key.Workspace, key.Source, network(cmp.Or(v.address, r.SourceIP)), cmp.Or(v.agent, r.Headers["user-agent"])} {
		fmt.Fprintf(code, "%d:%s,", len(part), part)
	}
	return "day-" + day + "-" + base64.RawURLEncoding.EncodeToString(code.Sum(nil)[:16]), nil
}

// expiry is when the salt of the day of an instant may not be used any more.
func expiry(at event.Millis) event.Millis {
	begin := at.Time().Truncate(24 * time.Hour)
	return event.At(begin.Add(24*time.Hour + saltGrace))
}

// network is an address as far as it belongs to one household: of IPv6 the first 64 bits, because devices change the rest
// as they like.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		with, err := netip.ParseAddrPort(address)
		if err != nil {
			return address
		}
		ip = with.Addr()
	}
	if ip = ip.Unmap().WithZone(""); ip.Is4() {
		return ip.String()
	}
	prefix, _ := ip.Prefix(64) // an address of IPv6 has 128
	return prefix.String()
}

// salts remembers the salts of the days that are still in use, and deletes the others.
type salts struct {
	store Salts
	now   func() time.Time
	fresh func() string

	mu        sync.Mutex
	byDay     map[string]string
	forgotten string // the last day whose salt was deleted
}

func newSalts(c Config) *salts {
	return &salts{store: c.Salts, now: c.Now, fresh: c.NewSalt, byDay: map[string]string{}}
}

// of gives the salt of a day, with one call to the store for each day and instance, and one more that deletes that of the
// day before.
func (s *salts) of(ctx context.Context, day string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(ctx)
	if salt, found := s.byDay[day]; found {
		return salt, nil
	}
	begin, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return "", err
	}
	salt, err := s.store.Salt(ctx, day, s.fresh(), expiry(event.At(begin)))
	if err != nil {
		return "", err
	}
	s.byDay[day] = salt
	return salt, nil
}

// forget drops salts whose time is over, and deletes that of the newest day which is over.
func (s *salts) forget(ctx context.Context) {
	over := s.now().UTC().Add(-saltGrace).Truncate(24 * time.Hour).Add(-24 * time.Hour)
	day := over.Format(time.DateOnly)
	if s.forgotten == day {
		return
	}
	for known := range s.byDay {
		if known <= day {
			delete(s.byDay, known)
		}
	}
	if err := s.store.ForgetSalt(ctx, day, expiry(event.At(over))); err != nil {
		slog.WarnContext(ctx, "salt not deleted", "day", day, "error", err.Error()) // the next request tries again; the table's expiry is the net below
		return
	}
	s.forgotten = day
}
