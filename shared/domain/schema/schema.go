// Package schema checks JSON values against JSON Schema, draft 2020-12 (and draft 7 as far as both agree): the keywords that say what a value must
// be, and local references. A keyword that it does not know is a fault of the schema, never passed over.
//
// It is not for reading schemas from elsewhere: a reference leads nowhere but into the same schema. Formats are annotations, as the draft has it.
// What is wrong with a value is told without the value, which may be personal. Tests hold it to github.com/santhosh-tekuri/jsonschema, which
// prepares 1.7 MB before main and so is in no function (docs/adr/0032).
//
//	s, err := schema.Parse(`{"type":"object","required":["plan"],"properties":{"seats":{"type":"integer"}}}`)
//	for _, v := range s.Check(properties) { fmt.Println(v) } // plan is missing
package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"waymark/shared/domain/strictjson"
)

// Schema is a schema that was read. It is safe for concurrent use.
type Schema struct {
	root *node
}

// maxDepth bounds how deep a schema nests, and how many references follow each other.
const maxDepth = 64

// Parse reads the text of a schema. The error names every fault with its place.
func Parse(text string) (*Schema, error) {
	value, err := strictjson.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("the schema is not JSON: %w", err)
	}
	if value.Depth() > maxDepth {
		return nil, fmt.Errorf("the schema nests %d levels deep, the limit is %d", value.Depth(), maxDepth)
	}
	if key, found := value.Twice(); found {
		return nil, fmt.Errorf("the schema has the key %q twice in one object", key)
	}
	return New(value.Any())
}

// New reads a schema that is part of a larger document: true, false, or an object of maps, lists, texts, json.Number and truth values.
func New(value any) (*Schema, error) {
	r := reader{root: value, named: map[string]*node{}}
	root := r.read(value, "#")
	if err := errors.Join(r.faults...); err != nil {
		return nil, err
	}
	if root.isCircle(map[*node]bool{}) {
		return nil, errors.New("#: its references go in a circle without looking at a part of the value")
	}
	return &Schema{root: root}, nil
}

// node is one schema. Each field is of the keyword of that name; nil and negative where it is not said.
type node struct {
	never                         bool // the schema false
	types                         []string
	isEnum                        bool
	enum                          []any
	required                      []string
	dependent                     map[string][]string
	properties                    map[string]*node
	patterns                      []patterned
	additional, names             *node
	prefix                        []*node
	items, contains               *node
	isUnique                      bool
	minItems, maxItems            int
	minLength, maxLength          int
	minProperties, maxProperties  int
	pattern                       *regexp.Regexp
	minimum, maximum              *big.Rat
	exclusiveMin, exclusiveMax    *big.Rat
	multipleOf                    *big.Rat
	all, some, one                []*node
	not, condition, then, another *node
	ref                           *node
}

type patterned struct {
	pattern *regexp.Regexp
	schema  *node
}

// reader reads one document.
type reader struct {
	root   any
	named  map[string]*node // by reference
	faults []error
}

func (r *reader) fault(at, format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf("%s: %s", at, fmt.Sprintf(format, args...)))
}

func (r *reader) read(value any, at string) *node {
	n := &node{minItems: -1, maxItems: -1, minLength: -1, maxLength: -1, minProperties: -1, maxProperties: -1}
	r.fill(n, value, at)
	return n
}

func (r *reader) fill(n *node, value any, at string) {
	switch said := value.(type) {
	case bool:
		n.never = !said
	case map[string]any:
		for _, keyword := range slices.Sorted(maps.Keys(said)) {
			r.keyword(n, keyword, said[keyword], at+"/"+keyword)
		}
	default:
		r.fault(at, "a schema is an object, true or false")
	}
}

// annotations are keywords that say nothing of whether a value is right.
var annotations = []string{
	"$schema", "$id", "$comment", "$anchor", "$defs", "definitions", "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly",
	"format", "contentEncoding", "contentMediaType",
}

func (r *reader) keyword(n *node, keyword string, value any, at string) {
	if read, isKnown := r.readers(n)[keyword]; isKnown {
		read(value, at)
		return
	}
	if !slices.Contains(annotations, keyword) && !strings.HasPrefix(keyword, "x-") {
		r.fault(at, "the keyword %s is not known here; see docs/plans.md", keyword)
	}
}

// readers read the value of a keyword into a node.
func (r *reader) readers(n *node) map[string]func(value any, at string) {
	return map[string]func(any, string){
		"type":                 func(v any, at string) { n.types = r.types(v, at) },
		"enum":                 func(v any, at string) { n.isEnum, n.enum = true, r.list(v, at) },
		"const":                func(v any, _ string) { n.isEnum, n.enum = true, []any{v} },
		"required":             func(v any, at string) { n.required = r.texts(v, at) },
		"dependentRequired":    func(v any, at string) { n.dependent = r.dependents(v, at) },
		"properties":           func(v any, at string) { n.properties = r.properties(v, at) },
		"patternProperties":    func(v any, at string) { n.patterns = r.patterns(v, at) },
		"additionalProperties": func(v any, at string) { n.additional = r.read(v, at) },
		"propertyNames":        func(v any, at string) { n.names = r.read(v, at) },
		"prefixItems":          func(v any, at string) { n.prefix = r.schemas(v, at) },
		"items":                func(v any, at string) { n.items = r.read(v, at) },
		"contains":             func(v any, at string) { n.contains = r.read(v, at) },
		"uniqueItems":          func(v any, at string) { n.isUnique = r.flag(v, at) },
		"minItems":             func(v any, at string) { n.minItems = r.count(v, at) },
		"maxItems":             func(v any, at string) { n.maxItems = r.count(v, at) },
		"minLength":            func(v any, at string) { n.minLength = r.count(v, at) },
		"maxLength":            func(v any, at string) { n.maxLength = r.count(v, at) },
		"minProperties":        func(v any, at string) { n.minProperties = r.count(v, at) },
		"maxProperties":        func(v any, at string) { n.maxProperties = r.count(v, at) },
		"pattern":              func(v any, at string) { n.pattern = r.regexp(v, at) },
		"minimum":              func(v any, at string) { n.minimum = r.number(v, at) },
		"maximum":              func(v any, at string) { n.maximum = r.number(v, at) },
		"exclusiveMinimum":     func(v any, at string) { n.exclusiveMin = r.number(v, at) },
		"exclusiveMaximum":     func(v any, at string) { n.exclusiveMax = r.number(v, at) },
		"multipleOf":           func(v any, at string) { n.multipleOf = r.step(v, at) },
		"allOf":                func(v any, at string) { n.all = r.schemas(v, at) },
		"anyOf":                func(v any, at string) { n.some = r.schemas(v, at) },
		"oneOf":                func(v any, at string) { n.one = r.schemas(v, at) },
		"not":                  func(v any, at string) { n.not = r.read(v, at) },
		"if":                   func(v any, at string) { n.condition = r.read(v, at) },
		"then":                 func(v any, at string) { n.then = r.read(v, at) },
		"else":                 func(v any, at string) { n.another = r.read(v, at) },
		"$ref":                 func(v any, at string) { n.ref = r.reference(v, at) },
	}
}

// typeNames are the types of JSON Schema.
var typeNames = []string{"null", "boolean", "object", "array", "number", "integer", "string"}

func (r *reader) types(value any, at string) []string {
	if one, isText := value.(string); isText {
		value = []any{one}
	}
	names := r.texts(value, at)
	for _, name := range names {
		if !slices.Contains(typeNames, name) {
			r.fault(at, "%q is no type; there are %s", name, strings.Join(typeNames, ", "))
		}
	}
	if names != nil && len(names) == 0 {
		r.fault(at, "it names no type")
	}
	return names
}

func (r *reader) list(value any, at string) []any {
	list, ok := value.([]any)
	if !ok {
		r.fault(at, "it must be a list")
	}
	return list
}

func (r *reader) texts(value any, at string) []string {
	texts := []string{}
	for _, item := range r.list(value, at) {
		text, ok := item.(string)
		if !ok {
			r.fault(at, "it must be a list of texts")
			return nil
		}
		texts = append(texts, text)
	}
	return texts
}

func (r *reader) object(value any, at string) map[string]any {
	object, ok := value.(map[string]any)
	if !ok {
		r.fault(at, "it must be an object")
	}
	return object
}

func (r *reader) dependents(value any, at string) map[string][]string {
	out := map[string][]string{}
	for name, list := range r.object(value, at) {
		out[name] = r.texts(list, at+"/"+name)
	}
	return out
}

func (r *reader) properties(value any, at string) map[string]*node {
	out := map[string]*node{}
	object := r.object(value, at)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		out[name] = r.read(object[name], at+"/"+name)
	}
	return out
}

func (r *reader) patterns(value any, at string) []patterned {
	var out []patterned
	object := r.object(value, at)
	for _, pattern := range slices.Sorted(maps.Keys(object)) {
		out = append(out, patterned{r.regexp(pattern, at), r.read(object[pattern], at+"/"+pattern)})
	}
	return out
}

func (r *reader) schemas(value any, at string) []*node {
	var out []*node
	for i, item := range r.list(value, at) {
		out = append(out, r.read(item, fmt.Sprintf("%s/%d", at, i)))
	}
	if len(out) == 0 {
		r.fault(at, "it must be a list of schemas")
	}
	return out
}

func (r *reader) flag(value any, at string) bool {
	flag, ok := value.(bool)
	if !ok {
		r.fault(at, "it must be true or false")
	}
	return flag
}

func (r *reader) count(value any, at string) int {
	number := r.number(value, at)
	if number == nil {
		return -1
	}
	if !number.IsInt() || number.Sign() < 0 || !number.Num().IsInt64() {
		r.fault(at, "it must be a whole number of at least 0")
		return -1
	}
	return int(number.Num().Int64())
}

func (r *reader) number(value any, at string) *big.Rat {
	text, isNumber := value.(json.Number)
	number, ok := rational(text)
	if !isNumber || !ok {
		r.fault(at, "it must be a number of at most %d digits", maxDigits)
		return nil
	}
	return number
}

func (r *reader) step(value any, at string) *big.Rat {
	number := r.number(value, at)
	if number != nil && number.Sign() <= 0 {
		r.fault(at, "it must be more than 0")
		return nil
	}
	return number
}

func (r *reader) regexp(value any, at string) *regexp.Regexp {
	text, ok := value.(string)
	if !ok {
		r.fault(at, "it must be a pattern")
		return nil
	}
	pattern, err := regexp.Compile(text)
	if err != nil {
		r.fault(at, "the pattern %q cannot be read: %v (patterns are those of RE2, without look-around)", text, err)
	}
	return pattern
}

// reference follows a reference inside the document. Each place is read once, so that a schema may hold itself.
func (r *reader) reference(value any, at string) *node {
	text, _ := value.(string)
	if known, found := r.named[text]; found {
		return known
	}
	target, ok := r.root, text == "#"
	if path, isLocal := strings.CutPrefix(text, "#/"); isLocal {
		for _, step := range strings.Split(path, "/") {
			var object map[string]any
			if object, ok = target.(map[string]any); !ok {
				break
			}
			if target, ok = object[strings.NewReplacer("~1", "/", "~0", "~").Replace(step)]; !ok {
				break
			}
		}
	}
	if !ok {
		r.fault(at, "it refers to %q, which is no place in this schema, such as #/$defs/product", text)
		return nil
	}
	n := &node{minItems: -1, maxItems: -1, minLength: -1, maxLength: -1, minProperties: -1, maxProperties: -1}
	r.named[text] = n
	r.fill(n, target, text)
	return n
}

// isCircle says whether the schema leads to itself for one and the same value, which no check would end.
func (n *node) isCircle(above map[*node]bool) bool {
	if n == nil {
		return false
	}
	if above[n] {
		return true
	}
	above[n] = true
	defer delete(above, n)
	for _, same := range slices.Concat([]*node{n.ref, n.not, n.condition, n.then, n.another}, n.all, n.some, n.one) {
		if same.isCircle(above) {
			return true
		}
	}
	return false
}
