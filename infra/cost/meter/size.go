package meter

import (
	"fmt"
	"strings"
)

// value is an attribute value as DynamoDB's JSON protocol writes it. Exactly one field is set; binary comes decoded
// from base64.
type value struct {
	S    *string
	N    *string
	B    *[]byte
	BOOL *bool
	NULL *bool
	M    map[string]value
	L    *[]value
	SS   []string
	NS   []string
	BS   [][]byte
}

// item is a DynamoDB item, or the key of one.
type item map[string]value

// size is how many bytes DynamoDB counts for an item: the names of the attributes in UTF-8 and their values. nil, an
// item that is not there, has 0.
//
// Source: "DynamoDB Item sizes and formats", Amazon DynamoDB Developer Guide.
func (i item) size() int {
	total := 0
	for name, v := range i {
		total += len(name) + v.size()
	}
	return total
}

// size of a value. A list or a map takes 3 bytes and 1 more for each member; a flag or a null takes 1.
func (v value) size() int {
	switch {
	case v.S != nil:
		return len(*v.S)
	case v.N != nil:
		return numberSize(*v.N)
	case v.B != nil:
		return len(*v.B)
	case v.M != nil:
		return 3 + len(v.M) + item(v.M).size()
	case v.L != nil:
		total := 3 + len(*v.L)
		for _, member := range *v.L {
			total += member.size()
		}
		return total
	case v.BOOL != nil, v.NULL != nil:
		return 1
	}
	total := 0
	for _, member := range v.SS {
		total += len(member)
	}
	for _, member := range v.NS {
		total += numberSize(member)
	}
	for _, member := range v.BS {
		total += len(member)
	}
	return total
}

// numberSize is one byte for each two significant digits on either side of the decimal point, one for the exponent,
// and one for the sign of a negative number. Zeros at either end are not significant. The guide says
// "approximately"; the halves of the point are what others have measured and what the emulator does.
func numberSize(text string) int {
	text, negative := strings.CutPrefix(text, "-")
	mantissa, _, _ := strings.Cut(strings.ToLower(text), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if fraction == "" {
		whole = strings.TrimRight(whole, "0")
	}
	if whole == "" {
		fraction = strings.TrimLeft(fraction, "0")
	}
	size := (len(whole)+1)/2 + (len(fraction)+1)/2 + 1
	if negative {
		size++
	}
	return size
}

const (
	writeUnitBytes = 1024
	readUnitBytes  = 4096
)

// writeUnits are at least 1: a write of nothing, and one whose condition fails where nothing is, are billed too.
func writeUnits(size int) int64 { return max(1, ceil(size, writeUnitBytes)) }

// readHalves are half read units: 2 for each 4 KB that is read consistently, 1 otherwise; of nothing as of one byte.
func readHalves(size int, consistent bool) int64 {
	units := max(1, ceil(size, readUnitBytes))
	if consistent {
		return 2 * units
	}
	return units
}

func ceil(n, unit int) int64 { return int64((n + unit - 1) / unit) }

// key is the text of a primary key, by which sizes are remembered; other attributes of the item are left out.
func key(table string, names []string, i item) string {
	var text strings.Builder
	text.WriteString(table)
	for _, name := range names {
		v := i[name]
		switch {
		case v.S != nil:
			fmt.Fprintf(&text, "|%s=S%d:%s", name, len(*v.S), *v.S)
		case v.N != nil:
			fmt.Fprintf(&text, "|%s=N%d:%s", name, len(*v.N), *v.N)
		case v.B != nil:
			fmt.Fprintf(&text, "|%s=B%d:%s", name, len(*v.B), *v.B)
		}
	}
	return text.String()
}
