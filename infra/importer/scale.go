package importer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"waymark/shared/domain/money"
)

// scale moves the decimal point of amounts that count the smallest unit of a currency: by a fixed number of places, or by as many as the
// currency of the row has.
type scale struct {
	places   int            // 10^places is what a unit of the file is worth; -2 for cents
	minor    bool           // as many places as the currency of the row has
	own      map[string]int // currencies of which the file's maker thinks otherwise than ISO 4217
	currency *value         // the event's currency, once the whole event is read
	outside  bool           // of a product in a list: the currency is that of the row around it
}

func (s scale) used() bool { return s.minor || s.places != 0 }

// scale reads `minor`, a whole number, or a table of currencies that differ from ISO 4217: {ISK: 2}.
func (r *mappingReader) scale(n *yaml.Node, what string) scale {
	if n.Kind == yaml.MappingNode {
		s := scale{minor: true, own: map[string]int{}}
		r.each(n, what, func(code string, n *yaml.Node) {
			s.own[strings.ToUpper(code)] = r.places(n, what+"."+code, 0, 4)
		})
		return s
	}
	if n.Value == "minor" {
		return scale{minor: true}
	}
	return scale{places: r.places(n, what, -18, 18)}
}

func (r *mappingReader) places(n *yaml.Node, what string, least, most int) int {
	places, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || places < least || places > most {
		r.fail(n, "%s must be a whole number from %d to %d, or `minor` for the smallest unit of the event's currency", what, least, most)
	}
	return places
}

// apply scales a number of a row. `scale: -2` says cents; of a currency without cents it would make a hundredth, so that is refused.
func (s scale) apply(number json.Number, row record) (json.Number, error) {
	if !s.used() {
		return number, nil
	}
	if s.outside && row.outer != nil {
		row = *row.outer
	}
	code := ""
	if s.currency != nil {
		text, err := s.currency.text(row)
		if err != nil {
			return "", err
		}
		code, err = money.Currency(text)
		if err != nil && s.minor {
			return "", fmt.Errorf("its currency is %q, so nobody knows how many decimals it has: a currency is a code of three letters such as EUR", text)
		}
	}
	places, known := s.own[code]
	if !known {
		places, known = minorUnits()[code]
	}
	if s.minor && !known {
		return "", fmt.Errorf("how many decimals the currency %s has is not known; write them, for example 'scale: {%s: 2}'", code, code)
	}
	if s.minor {
		return shift(number, -places), nil
	}
	if s.places == -2 && known && places != 2 {
		return "", fmt.Errorf("'scale: -2' would make %s %s of %s, and %s has %d decimals; write 'scale: minor', or 'scale: {%s: 2}' if the file has hundredths of it",
			shift(number, s.places), code, number, code, places, code)
	}
	return shift(number, s.places), nil
}

// needsCurrency gives the event's currency to the values that scale by it.
func (r *mappingReader) needsCurrency(n *yaml.Node, e *rule) {
	// Events share the defaults of the mapping, and each has its own currency.
	e.properties, e.context, e.traits = slices.Clone(e.properties), slices.Clone(e.context), slices.Clone(e.traits)
	var currency *value
	for _, f := range e.properties {
		if f.path[0] == "currency" {
			currency = &f.value
		}
	}
	lists := [][]field{e.properties, e.context, e.traits}
	if e.products != nil {
		lists = append(lists, e.products.each)
	}
	for at, list := range lists {
		for i := range list {
			s := &list[i].value.number.scale
			s.outside = at == 3 && e.products.list != ""
			if s.currency = currency; s.minor && currency == nil {
				r.fail(n, "the event %q scales %s by its currency and has none: add properties.currency, or write `scale: -2`",
					e.name, strings.Join(list[i].path, "."))
			}
		}
	}
}

// minorUnits says how many decimals the currencies in use have, after list one of ISO 4217 (amendment 177).
var minorUnits = sync.OnceValue(func() map[string]int {
	units := map[string]int{}
	for places, codes := range []string{
		0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
		2: "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU " +
			"CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR " +
			"KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK " +
			"PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD " +
			"USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG ZWL HRK SLL CUC",
		3: "BHD IQD JOD KWD LYD OMR TND",
		4: "CLF UYW",
	} {
		for code := range strings.FieldsSeq(codes) {
			units[code] = places
		}
	}
	return units
})
