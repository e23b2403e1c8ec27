package plan

import "slices"

// Values are the texts that the plan lists for a property, in whichever events, sorted.
func (p *Plan) Values(property string) []string {
	var out []string
	for _, rule := range p.rules {
		if rule.isWhole {
			out = append(out, rule.schema.Values("properties", property)...)
		} else {
			out = append(out, rule.schema.Values(property)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
