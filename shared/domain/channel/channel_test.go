package channel_test

import (
	"slices"
	"testing"
	"unicode/utf8"

	"waymark/shared/domain/channel"
)

func TestFromURL(t *testing.T) {
	t.Parallel()
	tests := map[string]channel.Signals{
		"":                      {},
		"https://shop.example/": {},
		"https://shop.example/?utm_source=news&utm_medium=email&utm_campaign=spring%20sale&utm_term=a+b&utm_content=top": {
			Source: "news", Medium: "email", Campaign: "spring sale", Term: "a b", Content: "top",
		},
		"https://shop.example/?UTM_SOURCE=News&Utm_Medium=E-Mail":             {Source: "News", Medium: "E-Mail"},
		"https://shop.example/?utm_source=first&utm_source=second":            {Source: "first"},
		"https://shop.example/?utm_source=&utm_source=second":                 {Source: "second"},
		"https://shop.example/?gclid=Cj0K&utm_campaign=x":                     {ClickID: "gclid", Campaign: "x"},
		"https://shop.example/?fbclid=a&gclid=b":                              {ClickID: "gclid"},
		"https://shop.example/?fbclid=a&mc_eid=b":                             {ClickID: "mc_eid"},
		"https://shop.example/?ScCid=a":                                       {ClickID: "sccid"},
		"https://shop.example/?gclid=":                                        {},
		"https://shop.example/?gclid":                                         {},
		"https://shop.example/?xgclid=1&my_utm_source=2":                      {},
		"https://shop.example/?utm_source=news#utm_medium=email":              {Source: "news"}, // one tag, taken as a whole
		"https://shop.example/?utm_source=%zz&utm_medium=%ff":                 {Source: "%zz", Medium: "\uFFFD"},
		"/relative?utm_source=news":                                           {Source: "news"},
		"not an address at all?&&=&utm_source=a=b":                            {Source: "a=b"},
		"https://shop.example/?next=https://x.example/?utm_source=nested":     {},
		"https://shop.example/?utm_source=a%26utm_medium%3Db&utm_content=%3F": {Source: "a&utm_medium=b", Content: "?"},
	}
	mail := channel.Signals{Source: "news", Medium: "email"}
	for _, url := range []string{
		// The fragment, where pages that load once keep their parameters.
		"https://shop.example/#utm_source=news&utm_medium=email",
		"https://shop.example/#?utm_source=news&utm_medium=email",
		"https://shop.example/#/path?utm_source=news&utm_medium=email",
		"https://shop.example/#/path&utm_source=news&utm_medium=email",
		"https://shop.example/#!utm_source=news&utm_medium=email",
		"https://shop.example/#!/path?utm_source=news&utm_medium=email",
		"https://shop.example/#!?utm_source=news&utm_medium=email",
		"https://shop.example/#/path#utm_source=news&utm_medium=email",
		"https://shop.example/?x=1#/path?y=2&utm_source=news&utm_medium=email",
		"https://shop.example/?utm_source=news&utm_medium=email#utm_source=other&utm_medium=cpc",
		"https://shop.example/?utm_source=#UTM_Source=news&utm_medium=email",
		// Links that were copied out of a page's source.
		"https://shop.example/?utm_source=news&amp;utm_medium=email",
		"https://shop.example/?x=1&amp;utm_source=news&amp;utm_medium=email",
		"https://shop.example/?utm_source=news&AMP;utm_medium=email",
		"https://shop.example/?utm_source=news&amp;amp;utm_medium=email",
		"https://shop.example/?utm_source=news&#38;utm_medium=email",
		"https://shop.example/?utm_source=news&#038;utm_medium=email",
		"https://shop.example/?utm_source=news&#x26;utm_medium=email",
		"https://shop.example/?utm_source=news&amp;#38;utm_medium=email",
		"https://shop.example/#/path?utm_source=news&amp;utm_medium=email",
	} {
		tests[url] = mail
	}
	tests["https://shop.example/?gclid=x#utm_source=news&utm_medium=email"] = channel.Signals{Source: "news", Medium: "email", ClickID: "gclid"}
	tests["https://shop.example/?x=1&amp;gclid=x"] = channel.Signals{ClickID: "gclid"}
	tests["https://shop.example/#gclid=x"] = channel.Signals{ClickID: "gclid"}
	tests["https://shop.example/#/search?q=utm_source%3Dnews"] = channel.Signals{}
	tests["https://shop.example/?utm_source=A%26amp%3BB"] = channel.Signals{Source: "A&amp;B"}
	for url, want := range tests {
		want.Page = url
		if got := channel.FromURL(url); got != want {
			t.Errorf("FromURL(%q) = %+v, want %+v", url, got, want)
		}
	}
}

func FuzzFromURL(f *testing.F) {
	f.Add("https://shop.example/?utm_source=news&utm_medium=email&gclid=x#y")
	f.Add("?utm_source=%zz&utm_medium=%ff&&=&fbclid=1")
	f.Fuzz(func(t *testing.T, url string) {
		got := channel.FromURL(url)
		if got.Page != url || got.Explicit != "" || got.Referrer != "" {
			t.Errorf("FromURL(%q) = %+v, want this page and no explicit channel or referrer", url, got)
		}
		for _, text := range []string{got.Source, got.Medium, got.Campaign, got.Term, got.Content} {
			if !utf8.ValidString(text) {
				t.Errorf("FromURL(%q) = %+v, %q is not UTF-8", url, got, text)
			}
		}
		if got.ClickID != "" && !slices.Contains(channel.ClickIDs(), got.ClickID) {
			t.Errorf("FromURL(%q) gives click id %q, which is not in ClickIDs", url, got.ClickID)
		}
	})
}

func TestSignalsOr(t *testing.T) {
	t.Parallel()
	tagged := channel.Signals{Source: "news", Medium: "email", ClickID: "gclid", Page: "https://a.example/"}
	tests := map[string]struct{ signals, other, want channel.Signals }{
		"both empty": {},
		"nothing of its own": {
			channel.Signals{}, tagged, tagged,
		},
		"a tag is taken as a whole": {
			channel.Signals{Source: "google", Referrer: "https://b.example/"},
			tagged,
			channel.Signals{Source: "google", ClickID: "gclid", Referrer: "https://b.example/", Page: "https://a.example/"},
		},
		"own signals win": {
			channel.Signals{Explicit: "pos", Campaign: "x", ClickID: "fbclid", Page: "https://c.example/"},
			tagged,
			channel.Signals{Explicit: "pos", Campaign: "x", ClickID: "fbclid", Page: "https://c.example/"},
		},
	}
	for name, tt := range tests {
		if got := tt.signals.Or(tt.other); got != tt.want {
			t.Errorf("%s: %+v.Or(%+v) = %+v, want %+v", name, tt.signals, tt.other, got, tt.want)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	names := channel.Names()
	if got, want := len(names), 26; got != want {
		t.Errorf("Names() holds %d groups, want %d", got, want)
	}
	if sorted := slices.Compact(slices.Sorted(slices.Values(names))); len(sorted) != len(names) {
		t.Errorf("Names() = %v, want no group twice", names)
	}
	if channel.Name("").IsKnown() || channel.Name("Direct").IsKnown() || !channel.Direct.IsKnown() {
		t.Error("IsKnown takes a name that is no group, or refuses one that is")
	}
}
