package schema

// Values are the texts that the schema lists for a member, by the names that lead to it; nil where it lists none. What stands behind references and
// conditions is not looked at.
func (s *Schema) Values(names ...string) []string {
	n := s.root
	for _, name := range names {
		if n = n.properties[name]; n == nil {
			return nil
		}
	}
	var out []string
	for _, value := range n.enum {
		if text, isText := value.(string); isText {
			out = append(out, text)
		}
	}
	return out
}
