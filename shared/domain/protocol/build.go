package protocol

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/strictjson"
)

// tree is an object of an event that is being made.
type tree map[string]any

// put sets a member, unless there is nothing to set.
func (t tree) put(name string, value any) {
	switch v := value.(type) {
	case nil:
		return
	case string:
		if v == "" {
			return
		}
	case tree:
		if len(v) == 0 {
			return
		}
		value = map[string]any(v)
	case map[string]any:
		if len(v) == 0 {
			return
		}
	case []any:
		if len(v) == 0 {
			return
		}
	}
	t[name] = value
}

// set sets members from pairs of name and value, as put does.
func (t tree) set(pairs ...any) {
	for i := 0; i+1 < len(pairs); i += 2 {
		t.put(pairs[i].(string), pairs[i+1])
	}
}

// take moves a member out of a tree; nil when there is none.
func (t tree) take(name string) any {
	value := t[name]
	delete(t, name)
	return value
}

// touch is what an event is made of. Empty fields are left out.
type touch struct {
	typ, name                             event.Type // name: of a track event, or of a page or screen
	id, anonymous, user, previous, group  string
	at, sent                              string // times by the client's clock
	url, referrer, title                  string
	agent, language, session, country, ip string
	campaign, properties, traits          tree
}

// event writes the touch as an event. The address of the page is in both places where the specification has it.
func (t touch) event() strictjson.Value {
	page, context, properties := tree{}, tree{}, tree{}
	page.set("url", t.url, "referrer", t.referrer, "title", t.title)
	context.set("page", page, "userAgent", t.agent, "locale", t.language, "sessionId", t.session, "ip", t.ip, "campaign", t.campaign)
	if t.country != "" {
		context.put("location", tree{"country": t.country})
	}
	for name, value := range t.properties {
		properties[name] = value
	}
	if t.typ == event.Page {
		properties.set("url", t.url, "referrer", t.referrer, "title", t.title)
	} else if t.url != "" {
		// A link or file that the event is about, not the page that it happened on: package event reads a property of this name as that.
		properties.put("target_url", properties.take("url"))
	}
	out := tree{"type": string(t.typ)}
	out.set("messageId", t.id, "anonymousId", t.anonymous, "userId", t.user, "previousId", t.previous, "groupId", t.group, "timestamp", t.at, "sentAt", t.sent,
		"context", context, "properties", properties, "traits", t.traits)
	if t.typ == event.Track {
		out.put("event", string(t.name))
	} else {
		out.put("name", string(t.name))
	}
	written, err := strictjson.Parse(string(strictjson.AppendAny(nil, map[string]any(out))))
	if err != nil {
		panic("protocol: what is written as JSON is JSON: " + err.Error())
	}
	return written
}

// hashed is an id that a repeat of the same request makes again.
func hashed(protocol string, parts ...string) string {
	sum := sha256.New()
	for _, part := range parts {
		sum.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	return protocol + "-" + hex.EncodeToString(sum.Sum(nil)[:12])
}

// instant writes a number of units since 1970, such as milliseconds, as a time. What is no such number is given as it was said: package event
// says what is wrong with it.
func instant(said string, unit time.Duration) string {
	n, err := strconv.ParseInt(said, 10, 64)
	perSecond := int64(time.Second / unit)
	if err != nil || n < 0 || n/perSecond > maxSeconds {
		return said
	}
	return time.Unix(n/perSecond, n%perSecond*int64(unit)).UTC().Format("2006-01-02T15:04:05.000Z")
}

// maxSeconds is the end of the year 9999, the last that is written with four digits.
const maxSeconds = 253402300799

// absolute is an address that may be written without its host.
func absolute(address, host string) string {
	if strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//") && host != "" {
		return "https://" + host + address
	}
	return address
}
