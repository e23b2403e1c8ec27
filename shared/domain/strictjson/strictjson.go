// Package strictjson reads JSON text in one strict pass and writes it in ASCII. The pass accepts exactly what RFC
// 8259 calls JSON, matches keys exactly, keeps the text of numbers and notes keys that an object has twice. What it
// finds is a flat list of nodes over the text: nothing is copied until somebody asks for it.
//
// It is not a general decoder: whoever reads a document asks for each member by name. It bounds nothing but MaxDepth;
// sizes are for the caller, up to 4 GiB.
//
//	v, err := strictjson.Parse(`{"userId":42}`)
//	v.Get("userId").Raw() // 42
package strictjson

import (
	"encoding/json"
	"iter"
	"strconv"
)

// Kind is what a value is.
type Kind uint8

// The kinds. A Value of kind Missing is what Get answers where there is no such member.
const (
	Missing Kind = iota
	Null
	False
	True
	Number
	Text
	List
	Object
)

// MaxDepth is how many levels of lists and objects are read; deeper text is a SyntaxError.
const MaxDepth = 10_000

// node is one value of a document, or the key of a member, which stands before its value.
type node struct {
	start, end uint32 // in the text; of a string without its quotes
	next       uint32 // the node after the value and all that is in it
	depth      uint16 // levels of lists and objects, the value's own included
	kind       Kind
	marks      marks
}

type marks uint8

const (
	escaped  marks = 1 << iota // a string with escapes
	wide                       // a string with bytes beyond ASCII, which may be no UTF-8
	repeated                   // a key that its object has had before
	twice                      // a value in which some object has a key twice
)

type document struct {
	text  string
	nodes []node
}

// Value is one value of a document. The zero Value is Missing.
type Value struct {
	doc *document
	at  uint32
}

func (v Value) node() *node { return &v.doc.nodes[v.at] }

// Kind is what the value is.
func (v Value) Kind() Kind {
	if v.doc == nil {
		return Missing
	}
	return v.node().kind
}

// Depth counts the levels of lists and objects: 0 for a bare value, 1 for a flat object.
func (v Value) Depth() int {
	if v.doc == nil {
		return 0
	}
	return int(v.node().depth)
}

// Raw is the value as it stands in the text; "" for one that is missing.
func (v Value) Raw() string {
	if v.doc == nil {
		return ""
	}
	n := v.node()
	if n.kind == Text {
		return v.doc.text[n.start-1 : n.end+1]
	}
	return v.doc.text[n.start:n.end]
}

// Scalar is a string, a number or a boolean as text: a number as it was written. It is "" for every other value.
func (v Value) Scalar() string {
	switch v.Kind() {
	case Text:
		return v.doc.textOf(v.node())
	case Number, True, False:
		return v.Raw()
	}
	return ""
}

// Int is a number that is written as an integer; not ok for every other value.
func (v Value) Int() (n int64, ok bool) {
	if v.Kind() != Number {
		return 0, false
	}
	n, err := strconv.ParseInt(v.Raw(), 10, 64)
	return n, err == nil
}

// Get is the member of an object under a name, the last one if there are two; Missing where there is none.
func (v Value) Get(name string) Value {
	found := Value{}
	if v.Kind() != Object {
		return found
	}
	nodes := v.doc.nodes
	for at, end := v.at+1, v.node().next; at < end; at = nodes[at+1].next {
		key := &nodes[at]
		if key.marks&(escaped|wide) != 0 {
			if v.doc.textOf(key) == name {
				found = Value{v.doc, at + 1}
			}
			continue
		}
		if int(key.end-key.start) == len(name) && v.doc.text[key.start:key.end] == name {
			found = Value{v.doc, at + 1}
		}
	}
	return found
}

// Members goes through the members of an object in their order; through nothing for every other value.
func (v Value) Members() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if v.Kind() != Object {
			return
		}
		nodes := v.doc.nodes
		for at, end := v.at+1, v.node().next; at < end; at = nodes[at+1].next {
			if !yield(v.doc.textOf(&nodes[at]), Value{v.doc, at + 1}) {
				return
			}
		}
	}
}

// Items goes through the values of a list; through nothing for every other value.
func (v Value) Items() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.Kind() != List {
			return
		}
		nodes := v.doc.nodes
		for at, end := v.at+1, v.node().next; at < end; at = nodes[at].next {
			if !yield(Value{v.doc, at}) {
				return
			}
		}
	}
}

// Len counts the members of an object or the values of a list.
func (v Value) Len() int {
	n := 0
	for range v.Items() {
		n++
	}
	for range v.Members() {
		n++
	}
	return n
}

// Twice names a key that an object in the value, or the value itself, has twice.
func (v Value) Twice() (key string, found bool) {
	if v.doc == nil || v.node().marks&twice == 0 {
		return "", false
	}
	for at := v.at; at < v.node().next; at++ {
		if n := &v.doc.nodes[at]; n.marks&repeated != 0 {
			return v.doc.textOf(n), true
		}
	}
	return "", false
}

// Any is the value as encoding/json decodes it into an any, with numbers as json.Number; nil for one that is missing.
func (v Value) Any() any {
	switch v.Kind() {
	case Text:
		return v.Scalar()
	case Number:
		return json.Number(v.Raw())
	case True, False:
		return v.Kind() == True
	case List:
		list := make([]any, 0, v.Len())
		for item := range v.Items() {
			list = append(list, item.Any())
		}
		return list
	case Object:
		return v.Map()
	}
	return nil
}

// Map is an object as a map of what Any makes of its members; nil for every other value.
func (v Value) Map() map[string]any {
	if v.Kind() != Object {
		return nil
	}
	tree := make(map[string]any, v.Len())
	for key, member := range v.Members() {
		tree[key] = member.Any()
	}
	return tree
}
