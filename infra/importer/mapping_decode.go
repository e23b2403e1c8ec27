package importer

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// mappingReader turns the tree of a mapping file into a Mapping. Top-level time, identifiers, context and properties are defaults of all
// events; an event's own ones come on top.
type mappingReader struct {
	*decoder
	mapping  Mapping
	defaults rule
}

func (r *mappingReader) read(n *yaml.Node) (*Mapping, error) {
	r.mapping.format = format{kind: "csv", delimiter: ',', encoding: "utf-8"}
	var events *yaml.Node
	r.fields(n, "the mapping", map[string]func(*yaml.Node){
		"name":        func(n *yaml.Node) { r.mapping.Name = r.text(n, "name") },
		"version":     func(n *yaml.Node) { r.mapping.Version = r.text(n, "version") },
		"about":       func(n *yaml.Node) { r.mapping.About = r.text(n, "about") },
		"settings":    func(*yaml.Node) {}, // settled before
		"known_by":    func(n *yaml.Node) { r.mapping.knownBy = r.texts(n, "known_by") },
		"optional":    func(n *yaml.Node) { r.mapping.optional = setOf(r.texts(n, "optional")) },
		"format":      r.format,
		"where":       func(n *yaml.Node) { r.mapping.where = r.condition(n) },
		"time":        func(n *yaml.Node) { r.defaults.time = r.clock(n) },
		"identifiers": func(n *yaml.Node) { r.defaults.identifiers, r.defaults.otherwise = r.identifiers(n) },
		"context":     func(n *yaml.Node) { r.defaults.context = r.context(n) },
		"properties":  func(n *yaml.Node) { r.defaults.properties = r.named(n, "properties") },
		"events":      func(n *yaml.Node) { events = n },
	})
	if r.mapping.Name == "" {
		r.fail(n, "the mapping needs a name: it is part of every messageId")
	}
	if r.mapping.Version == "" {
		r.fail(n, "the mapping needs a version, for example `version: 1`: it is part of every messageId")
	}
	if events == nil || events.Kind != yaml.SequenceNode || len(events.Content) == 0 {
		r.fail(n, "the mapping needs events: a list that says what the rows become")
		return nil, r.err()
	}
	taken := map[string]bool{}
	for _, item := range events.Content {
		e := r.event(item)
		if taken[e.name] {
			r.fail(item, "two events are called %q; give one another name", e.name)
		}
		taken[e.name] = true
		r.mapping.events = append(r.mapping.events, e)
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return &r.mapping, nil
}

func (r *mappingReader) format(n *yaml.Node) {
	f := &r.mapping.format
	r.fields(n, "format", map[string]func(*yaml.Node){
		"kind": func(n *yaml.Node) {
			f.kind = r.oneOf(n, "format.kind", "csv", "ndjson", "json", "jsonapi", "lines", "w3c")
		},
		"encoding":    func(n *yaml.Node) { f.encoding = r.oneOf(n, "format.encoding", encodings...) },
		"comments":    func(n *yaml.Node) { f.comments = r.text(n, "format.comments") },
		"list":        func(n *yaml.Node) { f.list = r.text(n, "format.list") },
		"lazy_quotes": func(n *yaml.Node) { f.lazyQuotes = r.flag(n, "format.lazy_quotes") },
		"columns":     func(n *yaml.Node) { f.columns = r.texts(n, "format.columns") },
		"delimiter": func(n *yaml.Node) {
			text := r.text(n, "format.delimiter")
			d, size := utf8.DecodeRuneInString(text)
			if size != len(text) || d == utf8.RuneError || strings.ContainsRune("\"\r\n", d) {
				r.fail(n, "format.delimiter must be one character other than a quote or a line end")
				return
			}
			f.delimiter = d
		},
		"pattern": func(n *yaml.Node) {
			pattern, err := regexp.Compile(r.text(n, "format.pattern"))
			if err != nil {
				r.fail(n, "format.pattern is not a regular expression: %v", err)
				return
			}
			f.pattern = pattern
		},
	})
	if f.kind == "json" {
		f.kind = "ndjson"
	}
	if one := utf8.RuneCountInString(f.comments) == 1 && !strings.ContainsAny(f.comments, "\"\r\n"+string(f.delimiter)); f.kind == "csv" && f.comments != "" && !one {
		r.fail(n, "format.comments of CSV must be one character other than a quote and the delimiter")
	}
	if f.kind != "ndjson" && f.list != "" {
		r.fail(n, "format.list belongs to `kind: json`")
	}
	if (f.kind == "lines") != (f.pattern != nil) {
		r.fail(n, "format.pattern belongs to `kind: lines`, which needs one: a regular expression with named groups (?P<name>…)")
	}
}

func (r *mappingReader) event(n *yaml.Node) rule {
	e := r.defaults
	e.line = n.Line
	e.kind = value{constant: "track", isConstant: true}
	r.fields(n, "an event", map[string]func(*yaml.Node){
		"name":  func(n *yaml.Node) { e.name = r.text(n, "name") },
		"type":  func(n *yaml.Node) { e.kind = r.constantOrValue(n, "type") },
		"event": func(n *yaml.Node) { v := r.constantOrValue(n, "event"); e.event = &v },
		"where": func(n *yaml.Node) { e.where = r.condition(n) },
		"time":  func(n *yaml.Node) { e.time = r.clock(n) },
		"identifiers": func(n *yaml.Node) {
			own, otherwise := r.identifiers(n)
			e.identifiers, e.otherwise = merge(e.identifiers, own), merge(e.otherwise, otherwise)
		},
		"context":         func(n *yaml.Node) { e.context = merge(e.context, r.context(n)) },
		"properties":      func(n *yaml.Node) { e.properties = merge(e.properties, r.named(n, "properties")) },
		"properties_from": func(n *yaml.Node) { e.spread = r.column(n, "properties_from") },
		"traits":          func(n *yaml.Node) { e.traits = r.named(n, "traits") },
		"each":            func(n *yaml.Node) { e.each = r.texts(n, "each") },
		"group_by":        func(n *yaml.Node) { e.groupBy = r.columnList(n, "group_by") },
		"carry":           func(n *yaml.Node) { e.carry = r.columnList(n, "carry") },
		"group_where":     func(n *yaml.Node) { e.groupWhere = r.condition(n) },
		"line_where":      func(n *yaml.Node) { e.lineWhere = r.condition(n) },
		"distinct":        func(n *yaml.Node) { e.dropEqual = r.flag(n, "distinct") },
		"products":        func(n *yaml.Node) { e.products = r.products(n) },
		"message_id":      func(n *yaml.Node) { e.messageID = r.columnList(n, "message_id") },
		"repeats":         func(n *yaml.Node) { e.distinct = r.oneOf(n, "repeats", "drop", "distinct") == "distinct" },
	})
	if e.name == "" && e.event != nil {
		e.name = e.event.constant
	}
	if e.name == "" {
		e.name = e.kind.constant
	}
	r.check(n, e)
	r.needsCurrency(n, &e)
	e.texts = e.textColumns()
	return e
}

// check finds what no single key can show.
func (r *mappingReader) check(n *yaml.Node, e rule) {
	if e.kind.isConstant && !callTypes[e.kind.constant] {
		r.fail(n, "type cannot be %q%s; it is one of %s", e.kind.constant, suggestion(e.kind.constant, names(callTypes)), strings.Join(names(callTypes), ", "))
	}
	if e.kind.isConstant && e.kind.constant == "track" && e.event == nil {
		r.fail(n, "a track event needs its name: `event: Order Completed`, or {column: …}")
	}
	if e.time == nil {
		r.fail(n, "the event %q needs a time: {column: …, layouts: […], zone: …}", e.name)
	}
	if len(e.identifiers) == 0 {
		r.fail(n, "the event %q needs identifiers: at least one of %s", e.name, strings.Join(names(identifierKinds), ", "))
	}
	if e.products != nil && (len(e.groupBy) == 0) != (e.products.list != "") {
		r.fail(n, "products belong to an event with group_by, whose rows become them, or have a list: products.list names a column that holds one")
	}
	if e.each != nil && len(e.groupBy) > 0 {
		r.fail(n, "an event has group_by or each, not both")
	}
	ofGroups := map[string]bool{
		"carry": e.carry != nil, "distinct": e.dropEqual, "group_where": e.groupWhere.used(), "line_where": e.lineWhere.used(),
	}
	for _, key := range names(ofGroups) {
		if ofGroups[key] && len(e.groupBy) == 0 {
			r.fail(n, "%s belongs to an event with group_by", key)
		}
	}
}

// textColumns are the columns whose cells the event takes as text, each once.
func (e rule) textColumns() []named {
	var list []named
	seen := map[string]bool{}
	add := func(field string, columns ...string) {
		for _, column := range columns {
			if column != "" && !seen[column] {
				seen[column] = true
				list = append(list, named{field, column})
			}
		}
	}
	for _, part := range []struct {
		name   string
		fields []field
	}{{"identifiers.", e.identifiers}, {"identifiers.else.", e.otherwise}, {"properties.", e.properties}, {"traits.", e.traits}} {
		for _, f := range part.fields {
			if f.value.kind == "text" {
				add(part.name+strings.Join(f.path, "."), f.value.sources()...)
			}
		}
	}
	add("group_by", e.groupBy...)
	add("message_id", e.messageID...)
	return list
}

var encodings = []string{"utf-8", "latin-1", "windows-1252", "utf-16", "utf-16le", "utf-16be"}

var callTypes = map[string]bool{"track": true, "page": true, "screen": true, "identify": true, "group": true, "alias": true}

// identifierKinds are the keys of identifiers and the member of an event that each becomes; "" stands for an entry of context.externalIds.
// previous belongs to alias events and group to group events.
var identifierKinds = map[string]string{
	"user": "userId", "anonymous": "anonymousId", "previous": "previousId", "group": "groupId",
	"email": "", "phone": "", "loyalty": "", "device": "",
}

func (r *mappingReader) identifiers(n *yaml.Node) (list, otherwise []field) {
	readers := map[string]func(*yaml.Node){}
	for kind := range identifierKinds {
		readers[kind] = func(n *yaml.Node) { list = append(list, field{[]string{kind}, r.value(n, "identifiers."+kind)}) }
	}
	readers["else"] = func(n *yaml.Node) { otherwise, _ = r.identifiers(n) }
	r.fields(n, "identifiers", readers)
	return list, otherwise
}

func (r *mappingReader) context(n *yaml.Node) []field {
	var list []field
	r.each(n, "context", func(key string, n *yaml.Node) {
		list = append(list, field{strings.Split(key, "."), r.value(n, "context."+key)})
	})
	return list
}

func (r *mappingReader) named(n *yaml.Node, what string) []field {
	var list []field
	r.each(n, what, func(key string, n *yaml.Node) {
		list = append(list, field{[]string{key}, r.value(n, what+"."+key)})
	})
	return list
}

func (r *mappingReader) products(n *yaml.Node) *products {
	p := &products{}
	r.fields(n, "products", map[string]func(*yaml.Node){
		"list":  func(n *yaml.Node) { p.list = r.column(n, "products.list") },
		"each":  func(n *yaml.Node) { p.each = r.named(n, "products.each") },
		"total": func(n *yaml.Node) { p.total = r.text(n, "products.total") },
	})
	has := map[string]bool{}
	for _, f := range p.each {
		has[f.path[0]] = f.value.kind == "number"
	}
	if p.total != "" && !(has["price"] && has["quantity"]) {
		r.fail(n, "products.total is the sum of price × quantity: products.each needs both, each {column: …, type: number}")
	}
	return p
}

// merge puts the fields of an event over the defaults of the mapping.
func merge(defaults, own []field) []field {
	merged := append([]field(nil), own...)
	for _, d := range defaults {
		replaced := false
		for _, o := range own {
			replaced = replaced || strings.Join(o.path, ".") == strings.Join(d.path, ".")
		}
		if !replaced {
			merged = append(merged, d)
		}
	}
	return merged
}

func (r *mappingReader) column(n *yaml.Node, what string) string {
	name := r.text(n, what)
	if name != "" {
		r.mapping.columns = append(r.mapping.columns, reference{name, n.Line})
	}
	return name
}

func setOf(list []string) map[string]bool {
	set := map[string]bool{}
	for _, name := range list {
		set[name] = true
	}
	return set
}

func (r *mappingReader) columnList(n *yaml.Node, what string) []string {
	list := r.texts(n, what)
	for _, name := range list {
		r.mapping.columns = append(r.mapping.columns, reference{name, n.Line})
	}
	return list
}
