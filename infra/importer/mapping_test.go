package importer_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"waymark/infra/importer"
)

// TestMappingFaults: every fault names its line, all come at once, and a slip is met with the nearest known name.
func TestMappingFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"empty":   {"", "m: the mapping is empty; docs/import.md shows how to write one"},
		"no YAML": {"a: [", "m: read YAML: yaml: line 1: did not find expected node content"},
		"alias":   {"name: &n x\nversion: *n\n", "m line 2: anchors and aliases are not read in a mapping; write the value out"},
		"nothing in it": {"{}", "m line 1: the mapping needs a name: it is part of every messageId\n" +
			"m line 1: the mapping needs a version, for example `version: 1`: it is part of every messageId\n" +
			"m line 1: the mapping needs events: a list that says what the rows become"},
		"unknown keys": {
			"name: x\nversion: 1\nformat: {knd: csv}\nevnts: []\nevents:\n  - {event: E, time: {colum: t}, identifiers: {usr: u}}\n",
			"m line 3: format knows no key \"knd\", did you mean \"kind\"?\n" +
				"m line 4: the mapping knows no key \"evnts\", did you mean \"events\"?\n" +
				"m line 6: time knows no key \"colum\", did you mean \"column\"?\n" +
				"m line 6: time needs layouts and one of column, template or first\n" +
				"m line 6: identifiers knows no key \"usr\", did you mean \"user\"?\n" +
				"m line 6: the event \"E\" needs identifiers: at least one of anonymous, device, email, group, loyalty, phone, previous, user",
		},
		"wrong formats": {
			"name: x\nversion: 1\nformat: {kind: csv, comments: //, list: rows, encoding: utf-17}\ntime: {layouts: [unix], column: t, template: \"{t}\"}\nidentifiers: {user: u}\nevents:\n" +
				"  - {event: A, each: x, group_by: y, products: {list: z, each: {sku: s}}}\n  - {event: B, carry: [a], distinct: true, group_where: {column: a, op: empty}, line_where: {column: a, op: empty}}\n" +
				"  - {event: C, properties: {a: {column: a, scale: -2}, b: {column: b, type: number, grouping: indian}, c: {first: []}, d: {column: d, decode: base64}, e: {constant: 1, type: json}}}\n",
			"m line 3: format.encoding cannot be \"utf-17\", did you mean \"utf-16\"?; it is one of utf-8, latin-1, windows-1252, utf-16, utf-16le, utf-16be\n" +
				"m line 3: format.comments of CSV must be one character other than a quote and the delimiter\n" +
				"m line 3: format.list belongs to `kind: json`\n" +
				"m line 4: time needs layouts and one of column, template or first\n" +
				"m line 7: products belong to an event with group_by, whose rows become them, or have a list: products.list names a column that holds one\n" +
				"m line 7: an event has group_by or each, not both\n" +
				"m line 8: carry belongs to an event with group_by\n" +
				"m line 8: distinct belongs to an event with group_by\n" +
				"m line 8: group_where belongs to an event with group_by\n" +
				"m line 8: line_where belongs to an event with group_by\n" +
				"m line 9: properties.a: scale belongs to `type: number`\n" +
				"m line 9: properties.b: grouping needs the separator too, for example `thousands: \",\"`\n" +
				"m line 9: properties.c.first must be a list of values that is not empty\n" +
				"m line 9: properties.d.decode cannot be \"base64\"; it is one of url, form\n" +
				"m line 9: properties.e: `type: json` needs a column",
		},
		"wrong values": {
			"name: x\nversion: 1\nformat: {kind: excel, delimiter: ab}\ntime: {column: t, layouts: [\"%d.%m.%Y\", \"%Q\", \"2006 MST\", \"foo\"]}\n" +
				"identifiers: {user: {column: a, hash: [b]}}\nevents:\n  - {event: E, type: trakc, where: {column: a}, products: {each: {price: p}, total: revenue}}\n  - {event: E}\n",
			"m line 3: format.kind cannot be \"excel\"; it is one of csv, ndjson, json, jsonapi, lines, w3c\n" +
				"m line 3: format.delimiter must be one character other than a quote or a line end\n" +
				"m line 4: time.layouts: \"%Q\": the directive at character 1 is not known; known are %Y %y %m %d %e %b %B %a %A %j %H %I %M %S %p %z %F %T %D %R\n" +
				"m line 4: time.layouts: \"2006 MST\" reads the abbreviation of a zone, which is ambiguous; use an offset (-0700 or %z)\n" +
				"m line 4: time.layouts: \"foo\" is no time layout with a year: write 2006-01-02 15:04:05, %Y-%m-%d %H:%M:%S, rfc3339, unix, unix_ms, unix_us or unix_ns\n" +
				"m line 4: the layout \"%d.%m.%Y\" has no offset, so time needs a zone, for example `zone: Europe/London`\n" +
				"m line 5: identifiers.user needs exactly one of column, first, constant, template or hash\n" +
				"m line 7: a condition needs column and op, and a value unless op is empty\n" +
				"m line 7: products.total is the sum of price × quantity: products.each needs both, each {column: …, type: number}\n" +
				"m line 7: type cannot be \"trakc\", did you mean \"track\"?; it is one of alias, group, identify, page, screen, track\n" +
				"m line 7: products belong to an event with group_by, whose rows become them, or have a list: products.list names a column that holds one\n" +
				"m line 8: two events are called \"E\"; give one another name",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if _, err := importer.ParseMapping("m", []byte(test.text)); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("ParseMapping =\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestUnknownColumn(t *testing.T) {
	t.Parallel()
	m, err := importer.ParseMapping("m.yaml", []byte("name: x\nversion: 1\ntime: {column: when, layouts: [unix]}\nidentifiers: {user: Custmer}\nevents: [{event: E}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	summary := importer.NewSummary(m, "f.csv")
	err = m.Map("f.csv", strings.NewReader("when,Customer\n"), now, &summary, func(importer.Event) error { return nil })
	const want = `m.yaml line 4: the file f.csv has no column "Custmer", did you mean "Customer"?; it has when, Customer`
	if err == nil || err.Error() != want {
		t.Errorf("Map = %v, want %s", err, want)
	}
}

// TestTimes: layouts, zones, and the two hours a year in which a local time is doubtful. The days are those of the tz database.
func TestTimes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ settings, cell, want string }{
		"offset":                {`{column: t, layouts: [rfc3339]}`, "2026-03-01T10:00:00.5+02:00", "2026-03-01T08:00:00.5Z"},
		"strftime with offset":  {`{column: t, layouts: ["%d/%b/%Y:%H:%M:%S %z"]}`, "17/May/2015:10:05:03 -0500", "2015-05-17T15:05:03Z"},
		"second layout":         {`{column: t, layouts: ["2006-01-02 15:04", "02.01.2006"], zone: UTC}`, "03.11.2026", "2026-11-03T00:00:00Z"},
		"day at noon":           {`{column: t, layouts: ["20060102"], zone: America/New_York, at: "12:00"}`, "19970704", "1997-07-04T16:00:00Z"},
		"unix":                  {`{column: t, layouts: [unix]}`, "1.5", "1970-01-01T00:00:01.5Z"},
		"unix before 1970":      {`{column: t, layouts: [unix]}`, "-1.25", "1969-12-31T23:59:58.75Z"},
		"unix_ms":               {`{column: t, layouts: [unix_ms]}`, "1500", "1970-01-01T00:00:01.5Z"},
		"repeated hour":         {`{column: t, layouts: ["%F %T"], zone: Europe/Berlin}`, "2026-10-25 02:30:00", "2026-10-25T00:30:00Z"},
		"after repeated hour":   {`{column: t, layouts: ["%F %T"], zone: Europe/Berlin}`, "2026-10-25 03:00:00", "2026-10-25T02:00:00Z"},
		"left-out hour":         {`{column: t, layouts: ["%F %T"], zone: Europe/Berlin}`, "2026-03-29 02:30:00", "2026-03-29T01:30:00Z"},
		"repeated in New York":  {`{column: t, layouts: ["%F %T"], zone: America/New_York}`, "2026-11-01 01:59:59", "2026-11-01T05:59:59Z"},
		"left out in New York":  {`{column: t, layouts: ["%F %T"], zone: America/New_York}`, "2026-03-08 02:00:00", "2026-03-08T07:00:00Z"},
		"half an hour repeated": {`{column: t, layouts: ["%F %T"], zone: Australia/Lord_Howe}`, "2026-04-05 01:45:00", "2026-04-04T14:45:00Z"},
		"half an hour left out": {`{column: t, layouts: ["%F %T"], zone: Australia/Lord_Howe}`, "2026-10-04 02:15:00", "2026-10-03T15:45:00Z"},
		"no midnight":           {`{column: t, layouts: ["%F"], zone: America/Sao_Paulo}`, "2018-11-04", "2018-11-04T03:00:00Z"},
		"left-out day":          {`{column: t, layouts: ["%F %T"], zone: Pacific/Apia}`, "2011-12-30 12:00:00", "2011-12-30T22:00:00Z"},
		"zone without changes":  {`{column: t, layouts: ["%F %T"], zone: Asia/Kathmandu}`, "2026-01-01 00:00:00", "2025-12-31T18:15:00Z"},
		"empty":                 {`{column: t, layouts: [unix]}`, " ", "error: the time is empty"},
		"no layout fits":        {`{column: t, layouts: [unix, "%F"], zone: UTC}`, "soon", `error: "soon" is no time of the layout unix or %F`},
		"no such day":           {`{column: t, layouts: ["%F"], zone: UTC}`, "2026-02-29", `error: "2026-02-29" is no time of the layout %F`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, err := importer.ReadTime(test.settings, test.cell)
			got := at.Format(time.RFC3339Nano)
			if err != nil {
				got = "error: " + err.Error()
			}
			if got != test.want {
				t.Errorf("time %s of %q = %s, want %s", test.settings, test.cell, got, test.want)
			}
		})
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	cells := map[string]string{"a": " Abc ", "n": "1 234,50", "neg": "-0012.30", "e": "", "b": "Yes", "j": `{"x":[1.50]}`, "p": "+.5"}
	for settings, want := range map[string]any{
		`a`:                          "Abc",
		`{column: a, trim: false}`:   " Abc ",
		`{column: a, lower: true}`:   "abc",
		`{column: a, map: {Abc: Z}}`: "Z",
		`{column: a, map: {x: Z}}`:   "Abc",

		`{column: a, map: {x: Z}, default: other}`: "other",

		`e`:                       nil,
		`{column: e, default: d}`: "d",
		`{column: n, type: number, decimal: ",", thousands: " "}`: json.Number("1234.50"),
		`{column: neg, type: number}`:                             json.Number("-12.30"),
		`{column: p, type: number}`:                               json.Number("0.5"),
		`{column: neg, type: number, absolute: true}`:             json.Number("12.30"),
		`{column: a, type: number}`:                               `error: "Abc" is not a number`,
		`{column: b, type: bool}`:                                 true,
		`{column: a, type: bool}`:                                 `error: "Abc" is neither true nor false`,
		`{column: j, type: json}`:                                 map[string]any{"x": []any{json.Number("1.50")}},
		`{constant: 7}`:                                           json.Number("7"),
		`{constant: "7"}`:                                         "7",
		`{constant: true}`:                                        true,
		`{template: "x-{a}-{_row}"}`:                              "x-Abc-7",
		`{template: "x-{e}"}`:                                     nil,
		`{hash: [a, b]}`:                                          "80b2453dc790e49ceeab6c1742e40604", // SHA-256 of `5: Abc 3:Yes`
		`{hash: [e]}`:                                             nil,
		`{column: a, absolute: true}`:                             `error: m line 1: value: absolute belongs to ` + "`type: number`",
		`{column: n, decimal: ",", thousands: ",", type: number}`: `error: m line 1: value: decimal and thousands are both ","`,
	} {
		t.Run(settings, func(t *testing.T) {
			t.Parallel()
			got, err := importer.Evaluate(settings, cells)
			if err != nil {
				got = "error: " + err.Error()
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("value %s = %#v, want %#v", settings, got, want)
			}
		})
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	cells := map[string]string{"n": "10", "t": "abc", "e": " ", "d": "2026-03-01", "g": "1.234,50", "m": "\u22125"}
	for settings, want := range map[string]bool{
		`{column: n, op: "=", value: 10}`:                                  true,
		`{column: n, op: "=", value: 10.0}`:                                true,
		`{column: n, op: "=", value: "10.0"}`:                              false,
		`{column: n, op: "!=", value: 10}`:                                 false,
		`{column: n, op: "<", value: 9}`:                                   false,
		`{column: n, op: "<=", value: 10}`:                                 true,
		`{column: n, op: ">", value: 9}`:                                   true, // as text, "10" comes before "9"
		`{column: n, op: ">", value: "9"}`:                                 false,
		`{column: n, op: ">=", value: 10.5}`:                               false,
		`{column: t, op: ">", value: 9}`:                                   false,
		`{column: g, op: ">", value: 1000, decimal: ",", thousands: "."}`:  true,
		`{column: g, op: ">", value: 1}`:                                   false, // in no form that the mapping knows
		`{column: m, op: "<", value: 0}`:                                   true,
		`{column: t, op: "!=", value: 9}`:                                  true,
		`{column: e, op: "<", value: 9}`:                                   false,
		`{column: d, op: ">=", value: "2026-03-01"}`:                       true,
		`{column: t, op: in, value: [x, abc]}`:                             true,
		`{column: t, op: in, value: abc}`:                                  true,
		`{column: t, op: matches, value: "^a.c$"}`:                         true,
		`{column: e, op: empty}`:                                           true,
		`{not: {column: e, op: empty}}`:                                    false,
		`[{column: e, op: empty}, {column: n, op: "=", value: 1}]`:         false,
		`{any: [{column: t, op: empty}, {column: n, op: "=", value: 10}]}`: true,
		`{all: [{column: e, op: empty}, {column: n, op: "=", value: 10}]}`: true,
	} {
		t.Run(settings, func(t *testing.T) {
			t.Parallel()
			got, err := importer.Holds(settings, cells)
			if err != nil || got != want {
				t.Errorf("where %s = %v, %v; want %v", settings, got, err, want)
			}
		})
	}
}

func TestProgressLine(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		progress importer.Progress
		want     string
	}{
		"begin":   {importer.Progress{}, "f ░░░░░░░░░░░░░░░░░░░░░░░░   0% 0 events 0/s –"},
		"middle":  {importer.Progress{ReadShare: 0.5, Mapped: 200, Delivered: 100, Elapsed: 10 * time.Second}, "f ██████░░░░░░░░░░░░░░░░░░  25% 100 events 10/s 30s left"},
		"resumed": {importer.Progress{ReadAll: true, Mapped: 200, Delivered: 100, Resumed: 80, Elapsed: 10 * time.Second}, "f ████████████░░░░░░░░░░░░  50% 100 events 2/s 10s left"},
		"end":     {importer.Progress{ReadAll: true, Mapped: 200, Delivered: 200, Elapsed: 10 * time.Second}, "f ████████████████████████ 100% 200 events 20/s done"},
		"stream":  {importer.Progress{ReadShare: -1, Mapped: 9, Delivered: 5, Elapsed: time.Second}, "f 5 events, 5/s"},
	} {
		if got := importer.Line("f", test.progress); got != test.want {
			t.Errorf("%s: Line = %q, want %q", name, got, test.want)
		}
	}
}
