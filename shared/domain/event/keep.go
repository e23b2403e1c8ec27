package event

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Keep says which properties of an event a stored touchpoint keeps. Values that nest are kept under names joined by dots, items of lists under their
// place: shop.floor.no, products.0.sku.
type Keep struct {
	Always map[string]bool // by name, at the top: what rules read and the catalogue lists
	Words  map[string]bool // by name of the event: those whose text, which people wrote, is kept
	All    bool            // and all others
	Names  []string        // or others by their dotted names; "shop.*" is everything below shop
}

// Limits of what a touchpoint keeps beyond Keep.Always. What comes first by its name stays.
const (
	MaxKept          = 64   // properties
	MaxKeptBytes     = 4096 // of their names and values together
	MaxKeptNameBytes = 128  // of one name; one that is longer is not kept
	MaxWordsBytes    = 1000 // of what people wrote
	MaxProducts      = 200  // of an order
	maxPropertyBytes = 256  // of one value; longer ones are clipped, because rules compare short values
)

// keptElsewhere are properties of a page that a touchpoint has a place of its own for, or none on purpose: they hold addresses with their queries.
var keptElsewhere = []string{"url", "path", "referrer", "title", "search"}

// words is the property that holds what people wrote, as the catalogue names it.
const words = "text"

func (k Keep) of(e *Event) map[string]string {
	kept, properties := map[string]string{}, e.Properties
	for name, value := range properties {
		if text, ok := scalar(value); ok && k.Always[name] {
			kept[name] = clip(text, maxPropertyBytes)
		}
	}
	if k.All || len(k.Names) > 0 {
		k.others(properties, kept)
	}
	if text, ok := scalar(properties[words]); ok && k.Words[e.Name] && e.Type == Track {
		kept[words] = clip(text, MaxWordsBytes)
	}
	if e.Order != nil && e.Order.Kind == Completed {
		keepProducts(properties["products"], kept)
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}

// keepProducts keeps which products an order is of, each once, in their order: "products" is the text of a JSON list of their ids. How many more there
// are than are kept stands in "products_more".
func keepProducts(sent any, kept map[string]string) {
	list, isList := sent.([]any)
	if byName, isObject := sent.(map[string]any); isObject { // as PHP writes a list with holes
		for _, name := range slices.Sorted(maps.Keys(byName)) {
			list = append(list, byName[name])
		}
		isList = true
	}
	var ids []string
	more := 0
	for _, product := range list {
		id := productID(product)
		switch {
		case id == "" || slices.Contains(ids, id):
		case len(ids) == MaxProducts:
			more++
		default:
			ids = append(ids, id)
		}
	}
	if !isList || len(ids) == 0 {
		return
	}
	text, err := json.Marshal(ids)
	if err != nil {
		panic("event: a list of texts has a JSON: " + err.Error())
	}
	if kept["products"] = string(text); more > 0 {
		kept["products_more"] = strconv.Itoa(more)
	}
}

// productID is how a product is named: by its id, else by what is on its shelf.
func productID(product any) string {
	of, _ := product.(map[string]any)
	for _, name := range []string{"product_id", "sku", "id"} {
		if text, ok := scalar(of[name]); ok {
			return clip(text, MaxKeptNameBytes)
		}
	}
	return ""
}

// others adds what is kept beyond Always, as far as there is room.
func (k Keep) others(properties map[string]any, kept map[string]string) {
	flat := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if text, ok := scalar(properties[name]); ok { // before what nests, so that the name "a.b" is its own and not b of a
			flat[name] = text
		}
	}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		flatten(flat, name, properties[name])
	}
	number, bytes := 0, 0
	for _, name := range slices.Sorted(maps.Keys(flat)) {
		if k.Always[name] && kept[name] != "" || !k.wants(name) {
			continue
		}
		value := clip(flat[name], maxPropertyBytes)
		number, bytes = number+1, bytes+len(name)+len(value)
		if number > MaxKept || bytes > MaxKeptBytes {
			return
		}
		kept[name] = value
	}
}

func (k Keep) wants(name string) bool {
	if len(name) > MaxKeptNameBytes || slices.Contains(keptElsewhere, name) {
		return false
	}
	return k.All || slices.ContainsFunc(k.Names, func(wanted string) bool {
		above, isAll := strings.CutSuffix(wanted, "*")
		return name == wanted || isAll && strings.HasPrefix(name, above)
	})
}

// flatten puts a value that nests under dotted names. A name that is taken stays whose it is.
func flatten(flat map[string]string, name string, value any) {
	if len(name) > MaxKeptNameBytes {
		return
	}
	switch v := value.(type) {
	case map[string]any:
		for _, member := range slices.Sorted(maps.Keys(v)) {
			flatten(flat, name+"."+member, v[member])
		}
	case []any:
		for i, item := range v {
			flatten(flat, name+"."+strconv.Itoa(i), item)
		}
	default:
		if text, ok := scalar(v); ok {
			if _, taken := flat[name]; !taken {
				flat[name] = text
			}
		}
	}
}
