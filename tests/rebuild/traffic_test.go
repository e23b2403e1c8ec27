package rebuild_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// sent is one event with the key that it is sent under. The clock of the system moves on before it.
type sent struct {
	key, raw string
	after    time.Duration
	at       time.Time // filled in when it is sent
}

// traffic is a seeded source of events: few identifiers and many ties, clients' retries, events without a timestamp, orders that several claim,
// aliases, traits, bots, and times near midnights and about 90 days ago.
type traffic struct{ *rand.Rand }

// some gives n events; one in four comes again later.
func (s traffic) some(n int) (out []sent) {
	for range n {
		e := sent{key: []string{"wk_web", "wk_web", "wk_till"}[s.IntN(3)], raw: s.event(), after: s.pause()}
		out = append(out, e)
		if e.after = s.pause(); s.IntN(4) == 0 {
			out = append(out, e)
		}
	}
	return out
}

func (s traffic) pause() time.Duration { return time.Duration(s.IntN(3000)) * time.Millisecond }

func (s traffic) event() string {
	fields := []string{fmt.Sprintf(`"messageId":"id%d"`, s.IntN(60)), s.who()}
	if s.IntN(10) > 0 {
		fields = append(fields, fmt.Sprintf(`"timestamp":%q`, s.when().Format(time.RFC3339Nano)))
	}
	switch s.IntN(11) {
	case 0:
		fields = append(fields, `"type":"identify"`, fmt.Sprintf(`"traits":{"plan":"p%d","email":"e%d@x.example"}`, s.IntN(3), s.IntN(2)))
	case 1:
		fields = append(fields, `"type":"alias"`, fmt.Sprintf(`"userId":"u%d","previousId":"u%d"`, s.IntN(3), s.IntN(3)))
	case 2, 3:
		fields = append(fields, `"type":"track","event":"Order Completed"`,
			fmt.Sprintf(`"properties":{"order_id":"o%d","revenue":%d.%02d}`, s.IntN(6), s.IntN(90), s.IntN(100)))
	case 4:
		fields = append(fields, `"type":"track","event":"Order Refunded"`, fmt.Sprintf(`"properties":{"refund_id":"f%d","total":1.5}`, s.IntN(3)))
	case 5:
		fields = append(fields, `"type":"track","event":"Product Added"`, `"context":{"location":{"country":"NO"}}`)
	case 6:
		fields = append(fields, `"type":"page"`, `"properties":{"url":"https://shop.example/?utm_source=news&utm_medium=email"}`)
	case 7:
		fields = append(fields, `"type":"group","groupId":"g1"`)
	case 8:
		fields = append(fields, `"type":"page"`, `"context":{"userAgent":"Googlebot/2.1 (+http://www.google.com/bot.html)"}`)
	default:
		fields = append(fields, `"type":"page"`, `"context":{"page":{"referrer":"https://www.google.com/"}}`)
	}
	return "{" + strings.Join(fields, ",") + "}"
}

func (s traffic) who() string {
	user, visitor := s.IntN(4), s.IntN(5)
	switch s.IntN(4) {
	case 0:
		return fmt.Sprintf(`"userId":"u%d","anonymousId":"a%d"`, user, visitor)
	case 1:
		return fmt.Sprintf(`"userId":"u%d"`, user)
	case 2:
		return fmt.Sprintf(`"anonymousId":"a%d","context":{"traits":{"email":"e%d@x.example"}}`, visitor, user)
	}
	return fmt.Sprintf(`"anonymousId":"a%d"`, visitor)
}

func (s traffic) when() time.Time {
	now := time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC)
	around := [...]time.Time{
		time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC), time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
		now.Add(-90 * 24 * time.Hour), now.Add(-91 * 24 * time.Hour), now.Add(-14 * 24 * time.Hour),
	}
	steps := time.Duration(s.IntN(16)-8) * 10 * time.Minute
	return around[s.IntN(len(around))].Add(steps).Truncate(time.Minute)
}
