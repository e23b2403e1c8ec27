package importer_test

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"waymark/infra/importer"
)

// TestJSON: objects in lines, arrays, arrays in objects and pages of JSON:API give the same rows. A row is written as its user and value.
func TestJSON(t *testing.T) {
	t.Parallel()
	const x, y = `{"t":1,"u":"a","v":"x"}`, `{"t":1,"u":"b","v":"y, [\"{"}`
	const both = `a x, b y, ["{`
	long := `{"t":1,"u":"b","v":"` + strings.Repeat("long ", 300_000) + `"}`
	for name, test := range map[string]struct{ format, file, want string }{
		"lines":                    {"kind: ndjson", x + "\n" + y + "\n", both},
		"array":                    {"kind: ndjson", "[" + x + "," + y + "]", both},
		"array in lines":           {"kind: json", "\uFEFF [\n" + x + ",\n" + y + "\n]\n", both},
		"pages of arrays":          {"kind: json", "[" + x + "]\n[]\n[" + y + "]", both},
		"printed":                  {"kind: json", "[\n  {\n    \"t\": 1, \"u\": \"a\",\n    \"v\": \"x\"\n  }\n]\n", "a x"},
		"nothing in it":            {"kind: json", "[]", ""},
		"an empty file":            {"kind: json", "", ""},
		"no object":                {"kind: json", "[1, \"a\", null, [" + x + "], " + x + "]", "a x | 1 unreadable, 1 unreadable, 1 unreadable, 1 unreadable"},
		"broken inside":            {"kind: json", "[{\"t\":1 \"u\"},\n" + x + "]", "a x | 1 unreadable"},
		"too long":                 {"kind: json", "[" + x + ",\n" + long + ",\n" + x + "]", "a x | 2 unreadable"},
		"cut in an object":         {"kind: json", "[" + x + ",\n{\"t\":1,\"u", "error: read f: line 2: the file ends inside a JSON value, so the rest of it is missing; get the file again"},
		"cut between":              {"kind: json", "[" + x + ",\n", "error: read f: line 2: the file ends inside its JSON array, so the rest of it is missing; get the file again"},
		"something behind":         {"kind: json", "[" + x + "]\nend", "error: read f: line 2: 'e' stands where a JSON array should begin"},
		"list":                     {"kind: json, list: rows", `{"n":2,"more":{"rows":[1]},"rows":[` + x + "," + y + `],"next":null}`, both},
		"list, printed":            {"kind: json, list: rows", "{\n\"rows\": [\n" + x + "\n,\n" + y + "]\n}\n", both},
		"list, pages":              {"kind: json, list: rows", `{"rows":[` + x + "]}\n" + `{"rows":[]}` + "\n" + `{"rows":[` + y + "]}\n", both},
		"list, plain array":        {"kind: json, list: rows", "[" + x + "," + y + "]", both},
		"list, lines":              {"kind: json, list: rows", x + "\n" + y + "\n", both},
		"list, cut":                {"kind: json, list: rows", `{"rows":[` + x + "]", "error: read f: line 1: the file ends inside its JSON array, so the rest of it is missing; get the file again"},
		"list is not there":        {"kind: json, list: rows", "{\n\"row\": [" + x + "]}", ""},
		"list is not named":        {"kind: json", "{\n\"rows\": [" + x + "]\n}\n", " | 1 unreadable, 2 unreadable, 3 unreadable"},
		"JSON:API":                 {"kind: jsonapi", `{"data":[` + x + "," + y + `],"included":[]}`, both},
		"JSON:API, pages":          {"kind: jsonapi", "{\"data\":\n[" + x + "]}\n{\"data\":[" + y + "]}\n", both},
		"JSON:API, cut":            {"kind: jsonapi", `{"data":[` + x, `error: read f: document 1 is no page of a JSON:API, {"data": […], "included": […]}, or is cut: unexpected EOF`},
		"JSON:API, something else": {"kind: jsonapi", "[]", `error: read f: document 1 is no page of a JSON:API, {"data": […], "included": […]}, or is cut: json: cannot unmarshal array into Go value of type struct { Data []interface {} "json:\"data\""; Included []map[string]interface {} "json:\"included\"" }`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := readRows(t, strings.Replace(rowsMapping, "FORMAT", test.format, 1), test.file); got != test.want {
				t.Errorf("rows = %.300q\nwant   %q", got, test.want)
			}
		})
	}
}

// TestLargeArray: of a large array only one element is in memory at a time.
func TestLargeArray(t *testing.T) {
	const elements, filler = 4_000, 20_000 // 80 MB
	reader, writer := io.Pipe()
	go func() {
		element := `{"t":1,"u":"a","v":"` + strings.Repeat("x", filler) + `"}`
		_, _ = io.WriteString(writer, "[")
		for i := range elements {
			if i > 0 {
				_, _ = io.WriteString(writer, ",")
			}
			_, _ = io.WriteString(writer, element)
		}
		_, _ = io.WriteString(writer, "]")
		_ = writer.Close()
	}()
	m, err := importer.ParseMapping("m", []byte(strings.Replace(strings.Replace(rowsMapping, "FORMAT", "kind: json", 1), ", properties: {v: v}", "", 1)))
	if err != nil {
		t.Fatal(err)
	}
	summary := importer.NewSummary(m, "f")
	var most uint64
	err = m.Map("f", reader, now, &summary, func(importer.Event) error { return nil })
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	most = max(most, memory.HeapSys)
	if err != nil || summary.Rows.Read != elements || most > 60<<20 {
		t.Errorf("Map = %v, %d rows, heap of %d MB; want %d rows in less than 60 MB", err, summary.Rows.Read, most>>20, elements)
	}
}

// TestPaths: how a mapping names what stands inside a JSON object.
func TestPaths(t *testing.T) {
	t.Parallel()
	const object = `{
		"plain": 1, "a.b": "dotted", "a": {"b": "nested", "c": {"d": true}, "e.f": "late"},
		"event_params": [
			{"key": "page", "value": {"string_value": "https://s.ex/"}},
			{"key": "id", "value": {"string_value": null, "int_value": "17", "float_value": null}},
			{"key": "none", "value": {"string_value": null}},
			{"key": "page", "value": {"string_value": "second"}},
			{"key": "deep", "value": {"x": {"y": "z"}}},
			{"key": "dotted.key", "value": "dots"}],
		"notes": [{"name": "gift", "value": "yes"}, {"name": "empty", "value": ""}],
		"items": [{"name": "Mug", "price": 1.50}, {"sku": "P", "tags": ["x", "y"]}],
		"answers": [{"type": "number", "field": {"type": "nps"}, "number": 9}, {"type": "email", "email": "a@b.c"}],
		"matrix": [[1, 2], [3]], "null": null, "empty": []
	}`
	for path, want := range map[string]any{
		"plain": "1", "a.b": "dotted", "a.c.d": "true", "a.e.f": "late", "a.c": `{"d":true}`, "null": nil, "missing": nil, "plain.x": nil,
		"event_params.page": "https://s.ex/", "event_params[key=page].value.string_value": "https://s.ex/",
		"event_params.page.string_value": "https://s.ex/", "event_params.id": "17", "event_params.none": nil, "event_params.missing": nil,
		"event_params.deep.x.y": "z", "event_params.dotted.key": "dots", "event_params.0.value.string_value": "https://s.ex/",
		"event_params[3].value.string_value": "second", "event_params.9.value": nil, "event_params[key=missing].value": nil, "event_params[9]": nil,
		"notes.gift": "yes", "notes[name=gift].value": "yes", "notes.empty": nil, "items.Mug.price": "1.50", "items.0.name": "Mug",
		"items.1.tags.1": "y", "answers[type=email].email": "a@b.c", "answers[field.type=nps].number": "9", "answers[type=email": nil,
		"matrix.0.1": "2", "matrix[1][0]": "3", "empty": "[]", "empty.0": nil, "items[": nil, "[": nil, "]": nil, "[0]": nil, ".": nil,
	} {
		got, err := importer.EvaluateJSON(path, object)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q = %#v, %v; want %#v", path, got, err, want)
		}
	}
	for settings, want := range map[string]any{
		`{column: items.0.price, type: number, decimal: ",", thousands: "."}`:       json.Number("1.50"), // a number of JSON is one
		`{first: [missing, a.c.d, plain]}`:                                          "true",
		`{first: [missing, {constant: none}]}`:                                      "none",
		`{first: [missing, "null"]}`:                                                nil,
		`{first: [missing, items.0.price], type: number, decimal: ","}`:             json.Number("1.50"),
		`{column: event_params.page, decode: url}`:                                  "https://s.ex/",
		`{first: [{column: plain, map: {"1": ""}}, {column: items.0.name}]}`:        "Mug",
		`{first: [{column: plain, type: number}, items.0.name], type: number}`:      json.Number("1"),
		`{first: [{column: items.0.name, type: number}, plain], type: number}`:      fmt.Errorf(`"Mug" is not a number`),
		`{first: [{template: "{missing}-{plain}"}, {template: "{plain}-{plain}"}]}`: "1-1",
	} {
		got, err := importer.EvaluateJSON(settings, object)
		if wrong, ok := want.(error); ok {
			if err == nil || err.Error() != wrong.Error() {
				t.Errorf("%s: %v, want %v", settings, err, wrong)
			}
		} else if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s = %#v, %v; want %#v", settings, got, err, want)
		}
	}
}

// TestEncodedFields: fields that a program wrote as URLs and forms are, once or twice.
func TestEncodedFields(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ decode, cell, want string }{
		{"url", "Mozilla/5.0%20(X11)", "Mozilla/5.0 (X11)"},
		{"url", "a+b%2Bc", "a+b+c"},
		{"form", "Mozilla/5.0+(X11)%2B", "Mozilla/5.0 (X11)+"},
		{"url", "a%2520b", "a%20b"},
		{"[url, url]", "a%2520b", "a b"},
		{"[url, url]", "a%20b", "a b"},
		{"url", "100%", "100%"},
		{"url", "100%2", "100%2"},
		{"url", "%zz%41", "%zzA"},
		{"url", "%C3%BC", "ü"},
		{"url", "%ff", "%ff"},
		{"url", "plain", "plain"},
	} {
		got, err := importer.Evaluate("{column: c, decode: "+test.decode+"}", map[string]string{"c": test.cell})
		if err != nil || got != test.want {
			t.Errorf("decode: %s of %q = %v, %v; want %q", test.decode, test.cell, got, err, test.want)
		}
	}
}

// TestLists: elements of lists become events, and products.
func TestLists(t *testing.T) {
	t.Parallel()
	const mapping = `name: m
version: 1
format: {kind: json}
time: {column: at, layouts: [unix]}
identifiers: {user: who, else: {anonymous: {template: "order-{no}"}}}
events:
  - name: order
    event: Order Completed
    properties: {order_id: no, currency: cur}
    products: {list: lines, total: revenue, each: {sku: sku, price: {column: price, type: number, scale: minor}, quantity: {column: qty, type: number}}}
  - name: refund
    event: Order Refunded
    each: [refunds, parts]
    where: {column: ok, op: "=", value: "true"}
    time: {column: at, layouts: [unix]}
    identifiers: {user: _parent._parent.who, else: {anonymous: {template: "order-{_parent._parent.no}"}}}
    properties: {order_id: _parent._parent.no, refund_id: id, reason_code: _parent.why, currency: _parent._parent.cur, revenue: {column: sum, type: number, scale: minor}}
`
	events, summary := mapText(t, mapping, `[
		{"no":"1","who":"a","at":5,"cur":"EUR","lines":[{"sku":"x","price":250,"qty":2},{"sku":"y","price":99,"qty":1}],"refunds":[
			{"why":"torn","parts":[{"id":"r1","at":6,"sum":100,"ok":true},{"id":"r2","at":7,"sum":50,"ok":false},{"id":"r3","at":8,"sum":1,"ok":true}]},{"why":"none"}]},
		{"no":"2","at":9,"cur":"JPY","lines":[{"sku":"z","price":500,"qty":1}],"refunds":null},
		{"no":"3","at":9,"cur":"EUR","lines":"z"},
		{"no":"4","at":9,"cur":"EUR","lines":["z"]},
		{"no":"5","at":9,"cur":"EUR","lines":[{"price":"?"}]}]`)
	got := strings.Join(append(shown(events, func(e mapped) string {
		return e.Event + " " + e.UserID + e.AnonymousID + " " + string(e.Properties["revenue"]) + text(e.Properties["refund_id"]) + text(e.Properties["reason_code"])
	}), faults(summary)...), "\n")
	const want = "Order Completed a 5.99\nOrder Refunded a 1.00r1torn\nOrder Refunded a 0.01r3torn\nOrder Completed order-2 500.00\n" +
		"5 bad_value\n6 bad_value\n7 bad_value"
	if got != want || summary.Rows != (importer.Rows{Read: 5, Used: 2, Rejected: 3}) {
		t.Errorf("events =\n%s\nrows %+v; want\n%s", got, summary.Rows, want)
	}
	if o := summary.Outputs["refund"]; o.Events != 2 || o.Rows != 1 {
		t.Errorf("refunds are %+v, want 2 of 1 row", o)
	}
}
