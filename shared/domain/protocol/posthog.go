package protocol

import (
	"cmp"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/strictjson"
)

// PostHog translates what PostHog's clients capture: one event, a list, or a batch, as JSON or as a form whose data is JSON, in base64 or not, in
// body or query. $pageview is a page, $screen a screen; $identify, $set, $create_alias and $groupidentify are the calls they stand for; any other is
// a track event. A distinct id is an anonymous id until the client says that the visitor is identified, a user id then. Properties stay as sent but
// for those that are said elsewhere. What the client measures of itself is left out. Faults: those of parse; Invalid bad_form, bad_base64,
// unknown_compression, not_an_object, key_mismatch.
func PostHog(r Request) (Batch, error) {
	text, err := postHogText(r)
	if err != nil {
		return Batch{}, err
	}
	body, err := parse(text)
	if err != nil {
		return Batch{}, err
	}
	project := oneOf{protocol: postHog}
	list := []strictjson.Value{body}
	switch {
	case body.Kind() == strictjson.List:
		list = itemsIn(body)
	case body.Kind() != strictjson.Object:
		return Batch{}, fault.New(fault.Invalid, "not_an_object", "the body is neither an event nor a list of events")
	case body.Get("batch").Kind() == strictjson.List:
		list = itemsIn(body.Get("batch"))
		project.add(textOf(body, "api_key", "token"))
	}
	batch := Batch{SentAt: cmp.Or(body.Get("sent_at").Scalar(), instant(r.Query.Get("_"), time.Millisecond))}
	for _, sent := range list {
		project.add(cmp.Or(textOf(sent, "api_key", "token"), textOf(sent.Get("properties"), "token")))
		if !isSound(sent) {
			batch = batch.with(sent)
			continue
		}
		e := postHogEvent{sent: sent, properties: sent.Get("properties"), sentAt: batch.SentAt, agent: r.Agent}
		for _, made := range e.translate() {
			batch = batch.with(made)
		}
	}
	project.add(r.Query.Get("token"))
	batch.Key, err = project.key()
	return batch, err
}

// IsPostHog tells a batch of PostHog's from one of the Segment specification, which other clients send to the same path.
func IsPostHog(body string) bool {
	v, err := strictjson.Parse(body)
	return err == nil && (v.Get("api_key").Kind() == strictjson.Text || v.Get("token").Kind() == strictjson.Text)
}

func itemsIn(list strictjson.Value) []strictjson.Value {
	items := make([]strictjson.Value, 0, list.Len())
	for item := range list.Items() {
		items = append(items, item)
	}
	return items
}

// postHogText is the JSON of a request.
func postHogText(r Request) (string, error) {
	text := strings.TrimSpace(r.Body)
	if text == "" {
		text = r.Query.Get("data")
	} else if text[0] != '{' && text[0] != '[' {
		form, err := url.ParseQuery(text)
		if err != nil || !form.Has("data") {
			return "", fault.New(fault.Invalid, "bad_form", "the body is neither JSON nor a form with the events under the name data")
		}
		text = form.Get("data")
	}
	if text == "" || text[0] == '{' || text[0] == '[' {
		return text, nil
	}
	if r.Query.Get("compression") == "lz64" {
		return "", fault.New(fault.Invalid, "unknown_compression", "events packed as lz64 cannot be read; update the client, or turn its compression off")
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(strings.NewReplacer("+", "-", "/", "_", " ", "-").Replace(text), "="))
	if err != nil {
		return "", fault.New(fault.Invalid, "bad_base64", "the events under the name data are neither JSON nor JSON in base64").At("data")
	}
	return strings.ToValidUTF8(string(raw), "\uFFFD"), nil
}

// postHogEvent is one event that was captured.
type postHogEvent struct {
	sent, properties strictjson.Value
	sentAt, agent    string
}

// translate makes the event, and an identify event of what it says of the person beside.
func (e postHogEvent) translate() []strictjson.Value {
	t := e.touch()
	name := e.sent.Get("event").Scalar()
	switch name {
	case "$feature_flag_called", "$web_vitals", "$$heatmap", "$heatmap", "$snapshot", "$performance_event", "$$client_ingestion_warning":
		return nil
	case "$identify", "$set":
		t.typ, t.properties, t.traits = event.Identify, nil, e.traits()
		if id := e.properties.Get("$anon_distinct_id").Scalar(); id != "" && name == "$identify" {
			t.user, t.anonymous = e.distinct(), id
		}
		return []strictjson.Value{t.event()}
	case "$create_alias", "$merge_dangerously":
		return []strictjson.Value{e.alias(t).event()}
	case "$groupidentify":
		t.typ, t.group, t.traits, t.properties = event.Group, e.properties.Get("$group_key").Scalar(), tree(e.properties.Get("$group_set").Map()), nil
		return []strictjson.Value{t.event()}
	case "$pageview":
		t.typ = event.Page
	case "$screen":
		t.typ, t.name = event.Screen, event.Type(e.properties.Get("$screen_name").Scalar())
	default:
		t.typ, t.name = event.Track, event.Type(name)
	}
	out := []strictjson.Value{t.event()}
	if t.traits = e.traits(); len(t.traits) > 0 {
		t.typ, t.name, t.properties = event.Identify, "", nil
		if t.id != "" {
			t.id += ":set"
		}
		out = append(out, t.event())
	}
	return out
}

func (e postHogEvent) distinct() string {
	return cmp.Or(textOf(e.sent, "distinct_id", "$distinct_id"), textOf(e.properties, "distinct_id", "$distinct_id"))
}

// isAnonymous says that the distinct id is one that the client made up, not one that the site gave.
func (e postHogEvent) isAnonymous() bool {
	if said := e.properties.Get("$is_identified"); said.Kind() == strictjson.True || said.Kind() == strictjson.False {
		return said.Kind() == strictjson.False
	}
	return e.properties.Get("$process_person_profile").Kind() == strictjson.False || e.distinct() == e.properties.Get("$device_id").Scalar()
}

// touch is what every event says of person, time and place.
func (e postHogEvent) touch() touch {
	get := func(name string) string { return e.properties.Get(name).Scalar() }
	t := touch{
		id: cmp.Or(textOf(e.sent, "uuid"), get("$insert_id")), at: e.time(), anonymous: get("$device_id"), user: e.distinct(),
		url: get("$current_url"), referrer: strings.TrimPrefix(get("$referrer"), "$direct"), title: cmp.Or(get("title"), get("$title")),
		agent: cmp.Or(get("$raw_user_agent"), get("$user_agent")), language: cmp.Or(get("$browser_language"), get("$locale")),
		session: get("$session_id"), ip: get("$ip"), country: get("$geoip_country_code"), campaign: tree{}, properties: e.kept(),
	}
	if e.isAnonymous() {
		t.anonymous, t.user = t.user, ""
	}
	if t.agent == "" && get("$lib") == "web" {
		t.agent = e.agent
	}
	t.campaign.set("source", get("utm_source"), "medium", get("utm_medium"), "name", get("utm_campaign"), "term", get("utm_term"), "content", get("utm_content"))
	return t
}

// time is that of the event, which older clients give as the milliseconds from it to the sending.
func (e postHogEvent) time() string {
	if at := textOf(e.sent, "timestamp"); at != "" {
		return at
	}
	ago, err := strconv.ParseInt(e.sent.Get("offset").Scalar(), 10, 64)
	sent, bad := event.ParseTime(e.sentAt)
	if err != nil || bad != nil || ago < 0 || ago > int64(sent) {
		return ""
	}
	return instant(strconv.FormatInt(int64(sent)-ago, 10), time.Millisecond)
}

// kept are the properties without those that are said elsewhere, and without the visitor's address.
func (e postHogEvent) kept() tree {
	kept := tree{}
	for name, value := range e.properties.Members() {
		kept.put(name, value.Any())
	}
	for _, name := range [...]string{
		"token", "distinct_id", "$device_id", "$user_id", "$insert_id", "$ip", "$set", "$set_once", "$current_url", "$referrer", "title", "$title",
		"$raw_user_agent", "$user_agent", "$session_id",
	} {
		delete(kept, name)
	}
	return kept
}

// traits are what the site sets of the person; what the client sets by itself, such as $initial_referrer, the events say. What is set but once is a
// trait like any other: who set it first is not known here.
func (e postHogEvent) traits() tree {
	traits := tree{}
	for _, name := range [...]string{"$set_once", "$set"} {
		for _, of := range [...]strictjson.Value{e.sent, e.properties} {
			for trait, value := range of.Get(name).Members() {
				if !strings.HasPrefix(trait, "$") {
					traits.put(trait, value.Any())
				}
			}
		}
	}
	return traits
}

// alias joins two ids. In a browser the alias is the new user id of a visitor who is anonymous yet; elsewhere it is another name of a user.
func (e postHogEvent) alias(t touch) touch {
	other := textOf(e.properties, "alias")
	t.typ, t.properties = event.Alias, nil
	if t.user == "" {
		t.typ, t.user = event.Identify, other
		return t
	}
	t.previous, t.anonymous = other, ""
	return t
}

// PostHogProject reads of a request for feature flags whose it is.
func PostHogProject(r Request) (Batch, error) {
	text, err := postHogText(r)
	if err != nil {
		return Batch{}, err
	}
	body, err := object(text)
	return Batch{Key: PostHogKey(textOf(body, "token", "api_key"))}, err
}

// PostHogKey is the key that a project's token stands for.
func PostHogKey(token string) string { return aliasOf(postHog, token) }
