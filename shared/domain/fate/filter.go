package fate

// Filter says which events are asked for; a field that is empty asks for all.
type Filter struct {
	MessageID string
	Type      string
	Name      string
	Source    string
	Fate      Kind
}

// Matches says whether an event is one of them.
func (f Filter) Matches(e Event) bool {
	is := func(want, got string) bool { return want == "" || want == got }
	return is(f.MessageID, string(e.MessageID)) && is(f.Type, e.Type) && is(f.Name, e.Name) && is(f.Source, e.Source) &&
		is(string(f.Fate), string(e.Fate))
}
