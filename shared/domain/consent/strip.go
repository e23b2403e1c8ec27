package consent

import (
	"strings"

	"waymark/shared/domain/strictjson"
)

// What is left of an event of which nobody may know whom it is about. Members that are not listed go: what is new in an
// event is no less personal than what is known.
var (
	ofEvent   = []string{"type", "event", "name", "category", "messageId", "timestamp", "originalTimestamp", "sentAt", "version"}
	ofContext = []string{"app", "campaign", "channel", "consent", "consentManagement", "cookieless", "gpc", "library", "locale", "visitorCountry"}
	ofPage    = []string{"path", "title"} // and addresses without the values of their parameters
)

// IsOfNobody says whether a call of this type says nothing but whom it is about: identify, group and alias. Without that
// nothing is left of it.
func IsOfNobody(callType string) bool {
	return callType == "identify" || callType == "group" || callType == "alias"
}

// Strip gives an event without whom it is about, under an anonymous id that does not outlive the day: no ids of users,
// devices and sessions, no traits, no address of a computer, no place but the country, no build of the user agent, no
// values of parameters but those of campaigns. Its message id, time, name, page, campaign and properties that are no ids stay, so that it
// is counted once, and with what it is worth. An event that is no object comes back as null.
func Strip(sent strictjson.Value, anonymousID string) strictjson.Value {
	if sent.Kind() != strictjson.Object {
		return parsed([]byte("null"))
	}
	w := writer{out: []byte{'{'}}
	w.text("anonymousId", anonymousID)
	w.listed(sent, ofEvent)
	if context := sent.Get("context"); context.Kind() == strictjson.Object {
		w.name("context")
		w.context(context)
	}
	if properties := sent.Get("properties"); properties.Kind() == strictjson.Object {
		w.name("properties")
		w.properties(properties)
	}
	w.out = append(w.out, '}')
	return parsed(w.out)
}

func parsed(written []byte) strictjson.Value {
	v, err := strictjson.Parse(string(written))
	if err != nil {
		panic("consent: what is written as JSON is JSON: " + err.Error())
	}
	return v
}

// writer writes objects.
type writer struct{ out []byte }

func (w *writer) name(name string) {
	if w.out[len(w.out)-1] != '{' {
		w.out = append(w.out, ',')
	}
	w.out = append(strictjson.AppendText(w.out, name), ':')
}

func (w *writer) text(name, value string) {
	w.name(name)
	w.out = strictjson.AppendText(w.out, value)
}

func (w *writer) raw(name string, v strictjson.Value) {
	w.name(name)
	w.out = append(w.out, v.Raw()...)
}

// listed writes the members that are listed. One that comes twice comes twice again, which is what is wrong with it.
func (w *writer) listed(v strictjson.Value, names []string) {
	for name, member := range v.Members() {
		for _, known := range names {
			if name == known {
				w.raw(name, member)
			}
		}
	}
}

func (w *writer) context(v strictjson.Value) {
	w.out = append(w.out, '{')
	w.listed(v, ofContext)
	if agent := v.Get("userAgent").Scalar(); agent != "" {
		w.text("userAgent", coarseAgent(agent))
	}
	if country := v.Get("location").Get("country"); country.Kind() == strictjson.Text {
		w.name("location")
		w.out = append(append(append(w.out, `{"country":`...), country.Raw()...), '}')
	}
	for _, name := range []string{"page", "referrer"} {
		if page := v.Get(name); page.Kind() == strictjson.Object {
			w.name(name)
			w.out = append(w.out, '{')
			w.listed(page, ofPage)
			w.addresses(page)
			w.out = append(w.out, '}')
		}
	}
	w.out = append(w.out, '}')
}

// addresses writes the members that are addresses of pages.
func (w *writer) addresses(v strictjson.Value) {
	for _, name := range []string{"url", "referrer", "search"} {
		if address := v.Get(name); address.Kind() == strictjson.Text {
			w.text(name, coarseAddress(address.Scalar()))
		}
	}
}

func (w *writer) properties(v strictjson.Value) {
	w.out = append(w.out, '{')
	for name, member := range v.Members() {
		switch {
		case isAddress(name) && member.Kind() == strictjson.Text:
			w.text(name, coarseAddress(member.Scalar()))
		case !isID(name):
			w.raw(name, member)
		}
	}
	w.out = append(w.out, '}')
}

func isAddress(name string) bool {
	return name == "url" || name == "referrer" || name == "search" || name == "href"
}

// isID says whether a property is by its name an id of a person, a device or a session. Those of orders and articles are not.
func isID(name string) bool {
	folded := strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "", ".", "").Replace(name))
	switch folded {
	case "uid", "cid", "email", "phone", "username", "login", "fingerprint", "ip", "ipaddress", "gasessionid", "distinctid", "firstname", "lastname":
		return true
	}
	for _, of := range []string{
		"user", "customer", "visitor", "client", "device", "member", "account", "anonymous", "session", "external", "loyalty", "person",
		"contact", "subscriber", "profile", "advertising", "clickid",
	} {
		if strings.HasPrefix(folded, of) && (strings.HasSuffix(folded, "id") || strings.HasSuffix(folded, "email") || strings.HasSuffix(folded, "phone")) {
			return true
		}
	}
	return false
}

// coarseAddress is an address without fragment and without the values of its parameters, but those of campaigns (utm_…,
// mtm_…, pk_…). The names stay: they say that somebody came by a paid click.
func coarseAddress(address string) string {
	address, _, _ = strings.Cut(address, "#")
	before, query, found := strings.Cut(address, "?")
	if !found {
		return address
	}
	pairs := strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' })
	for i, pair := range pairs {
		name, _, hasValue := strings.Cut(pair, "=")
		isCampaign := strings.HasPrefix(name, "utm_") || strings.HasPrefix(name, "mtm_") || strings.HasPrefix(name, "pk_")
		if hasValue && !isCampaign {
			pairs[i] = name + "=1"
		}
	}
	return before + "?" + strings.Join(pairs, "&")
}

// coarseAgent is a user agent without what tells one visitor from the next: versions as whole numbers, and of a phone
// neither model nor build.
func coarseAgent(agent string) string {
	if at := strings.Index(agent, "(Linux; "); at >= 0 {
		if end := strings.IndexByte(agent[at:], ')'); end > 0 {
			parts := strings.Split(agent[at+1:at+end], ";")
			agent = agent[:at+1] + strings.Join(parts[:min(2, len(parts))], ";") + agent[at+end:]
		}
	}
	var out strings.Builder
	inVersion, hadDot := false, false
	for i := range len(agent) {
		c := agent[i]
		isDigit := '0' <= c && c <= '9'
		isMark := (c == '.' || c == '_') && inVersion
		if isMark {
			hadDot = true
		}
		inVersion = isDigit || isMark
		if !inVersion {
			hadDot = false
		}
		if !inVersion || !hadDot {
			out.WriteByte(c)
		}
	}
	return out.String()
}
