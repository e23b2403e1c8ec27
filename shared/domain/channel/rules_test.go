package channel_test

import (
	"testing"

	"waymark/shared/domain/channel"
)

// smallConfig is the least data that New takes, and one site of each form.
func smallConfig() channel.Config {
	clicks := map[string]channel.ClickID{}
	for _, name := range channel.ClickIDs() {
		clicks[name] = channel.ClickID{Source: "net", Medium: "cpc"}
	}
	return channel.Config{
		Version: "test-1",
		Rules: []channel.Rule{
			{
				Channel: channel.PaidSearch,
				All:     []channel.Condition{{Field: "medium", Is: []string{"cpc"}, Prefix: []string{"paid"}}},
				Any:     []channel.Condition{{Category: channel.SearchEngine}, {Field: "source", Suffix: []string{"-search"}}},
			},
			{Channel: channel.PaidOther, All: []channel.Condition{{Field: "medium", Contains: []string{"cp"}}}},
			{Channel: channel.OrganicSearch, Any: []channel.Condition{{Category: channel.SearchEngine}}},
			{Channel: channel.Display, All: []channel.Condition{{Field: "campaign", Pattern: "^ban+er$"}}},
			{Channel: channel.Referral, All: []channel.Condition{{Field: "medium", Is: []string{"referral"}}}},
		},
		Categories: map[string]channel.Category{"Find": channel.SearchEngine},
		Mediums: map[string]channel.Medium{
			"search": {Category: channel.SearchEngine, As: "organic"}, "shopping": {As: "referral"}, "social": {As: "referral"},
			"video": {As: "referral"}, "chatbot": {As: "referral"}, "email": {As: "email"},
			"payment": {As: channel.NoSource}, "mirror": {As: channel.NoSource},
		},
		Sites: []channel.Site{
			{Medium: "search", Source: "Find", Hosts: []string{"www.find.example", "{}.find.example", "find.{}"}, Params: []string{"q", "/^\\/s\\/([^\\/]+)/"}},
			{Medium: "search", Source: "Find Pictures", Hosts: []string{"find.example/pictures"}, Params: []string{"p"}},
			{Medium: "payment", Source: "Pay", Hosts: []string{"pay.example", "wallet.example/buy", "app.pay"}},
			{Medium: "mirror", Source: "Cache", Hosts: []string{"cache.example"}, Params: []string{"u", "/^\\/copy\\/(.+)/"}},
			{Medium: "mirror", Source: "Translator", Hosts: []string{"translated.example"}, InLabel: true},
			{Medium: "search", Source: "Portal", Hosts: []string{"portal.example"}, Params: []string{"q"}, NeedsTerm: true},
		},
		Labels:    map[string][]string{"payment": {"checkout", "3ds"}},
		ClickIDs:  clicks,
		Explicit:  map[string]channel.Name{"Till": channel.InStore},
		Platforms: []string{"web"},
	}
}

func TestSmallRules(t *testing.T) {
	t.Parallel()
	rules, err := channel.New(smallConfig())
	if err != nil {
		t.Fatalf("New() = %v", err)
	}
	tests := map[string]struct {
		signals channel.Signals
		want    channel.Name
	}{
		"all and one of any":    {channel.Signals{Source: "find", Medium: "paid-x"}, channel.PaidSearch},
		"all and other of any":  {channel.Signals{Source: "my-search", Medium: "cpc"}, channel.PaidSearch},
		"all without any":       {channel.Signals{Source: "my", Medium: "cpc"}, channel.PaidOther},
		"any without all":       {channel.Signals{Source: "find", Medium: "x"}, channel.OrganicSearch},
		"pattern":               {channel.Signals{Campaign: "BANNNER"}, channel.Display},
		"click id":              {channel.Signals{ClickID: "GCLID"}, channel.PaidOther},
		"explicit":              {channel.Signals{Explicit: "till"}, channel.InStore},
		"medium as explicit":    {channel.Signals{Source: "x", Medium: "TILL"}, channel.InStore},
		"platform":              {channel.Signals{Explicit: "Web"}, ""},
		"platform as medium":    {channel.Signals{Source: "x", Medium: "web"}, channel.Unassigned},
		"referrer":              {channel.Signals{Referrer: "https://other.example"}, channel.Referral},
		"portal without a term": {channel.Signals{Referrer: "https://portal.example"}, channel.Referral},
		"portal with a term":    {channel.Signals{Referrer: "https://portal.example?q=x"}, channel.OrganicSearch},
	}
	for name, tt := range tests {
		if got := rules.Of(tt.signals); got != tt.want {
			t.Errorf("%s: Of(%+v) = %q, want %q", name, tt.signals, got, tt.want)
		}
	}
	places := map[string][2]string{ // address → source and term
		"https://find.example/":              {"Find", ""},
		"https://www.find.example/?q=x":      {"Find", "x"},
		"https://fr.find.example/s/blue%20x": {"Find", "blue x"},
		"https://m.find.example/":            {"Find", ""},
		"https://find.co.uk/":                {"Find", ""},
		"https://find.com/":                  {"Find", ""},
		"https://find.example/pictures?p=x":  {"Find Pictures", "x"},
		"https://help.find.example/":         {"", ""},
		"https://help.find.example/?q=x":     {"Find", "x"},
		"https://a.b.find.example/search":    {"Find", ""},
		"https://find.museum/":               {"", ""},
		"https://portal.example/news":        {"", ""},
	}
	for url, want := range places {
		if _, source, term, _ := rules.Referrer(url); source != want[0] || term != want[1] {
			t.Errorf("Referrer(%q) = source %q, term %q, want %q, %q", url, source, term, want[0], want[1])
		}
	}
}

// TestNoSource: who comes back from a place where people only pass through came from nowhere new, and a mirror is the site that it shows.
func TestNoSource(t *testing.T) {
	t.Parallel()
	rules, err := channel.New(smallConfig())
	if err != nil {
		t.Fatalf("New() = %v", err)
	}
	const page = "https://www.my-shop.example/p"
	for _, tt := range []struct {
		referrer, page string
		want           channel.Name
	}{
		{"https://pay.example/", page, ""},
		{"https://www.pay.example/done?x=1", page, ""},
		{"https://eu.hooks.pay.example/", page, ""},
		{"https://pay.example/", "", ""},
		{"android-app://app.pay", page, ""},
		{"https://notpay.example/", page, channel.Referral},
		{"https://wallet.example/buy/1", page, ""},
		{"https://wallet.example/news", page, channel.Referral},
		{"https://checkout.any.example/", page, ""},
		{"https://eu.checkout3.any.example/", page, ""},
		{"https://3ds-eu.bank.example/", page, ""},
		{"https://checkout.example/", page, channel.Referral}, // the domain itself is called so
		{"https://checkouts.any.example/", page, channel.Referral},
		{"https://eu-checkout.any.example/", page, ""},
		{"https://the-checkout-guide.any.example/", page, channel.Referral},
		{"android-app://x.checkout.y.z", page, channel.Referral},

		{"https://cache.example/copy/https://my-shop.example/a?b=c", page, ""},
		{"https://cache.example/?u=https%3A%2F%2Fmy-shop.example%2Fa", page, ""},
		{"https://cache.example/?u=my-shop.example", page, ""},
		{"https://cache.example/", page, ""},
		{"https://cache.example/copy/https://other.example/a", page, channel.Referral},
		{"https://cache.example/copy/https://find.example/", page, channel.OrganicSearch},
		{"https://cache.example/copy/https://pay.example/", page, ""},
		{"https://cache.example/copy/https://cache.example/copy/x", page, ""},
		{"https://www-my--shop-example.translated.example/a", page, ""},
		{"https://my--shop-example.translated.example/", page, ""},
		{"https://other-example.translated.example/", page, channel.Referral},
		{"https://translated.example/", page, ""},

		{"https://my-shop.example/", "https://my--shop-example.translated.example/p", ""},
		{"https://find.example/", "https://my--shop-example.translated.example/p", channel.OrganicSearch},
		{"https://other.example/", "https://my--shop-example.translated.example/p", channel.Referral},
		{"https://my-shop.example/", "https://cache.example/copy/https://www.my-shop.example/p", ""},
		{"https://other.example/", "https://cache.example/copy/https://www.my-shop.example/p", channel.Referral},
		{"https://cache.example/", "https://cache.example/copy/https://www.my-shop.example/p", ""},
	} {
		if got := rules.Of(channel.Signals{Referrer: tt.referrer, Page: tt.page}); got != tt.want {
			t.Errorf("Of(referrer %q, page %q) = %q, want %q", tt.referrer, tt.page, got, tt.want)
		}
	}
	if got := rules.Of(channel.Signals{Referrer: "https://pay.example/", Source: "find", Medium: "cpc"}); got != channel.PaidSearch {
		t.Errorf("a tag beside a payment page gives %q, want paid_search", got)
	}
}

func TestNewNamesEveryFault(t *testing.T) {
	t.Parallel()
	const head = `check channel rules "test-1": `
	tests := map[string]struct {
		change func(*channel.Config)
		want   string
	}{
		"mirror":         {func(c *channel.Config) { c.Sites[0].InLabel = true }, head + `site "Find": only a mirror shows other sites`},
		"label medium":   {func(c *channel.Config) { c.Labels["x"] = []string{"y"} }, head + `labels: there is no medium "x"`},
		"label capitals": {func(c *channel.Config) { c.Labels["payment"] = []string{"Pay"} }, head + `labels of "payment": "Pay" is no label in lower case`},
		"label twice":    {func(c *channel.Config) { c.Labels["search"] = []string{"3ds"} }, head + `label "3ds": is of both payment and search`},
		"version":        {func(c *channel.Config) { c.Version = "" }, `check channel rules "": version is missing`},
		"no rules":       {func(c *channel.Config) { c.Rules = nil }, head + "there are no rules"},
		"no condition":   {func(c *channel.Config) { c.Rules[1].All = nil }, head + "rule 2 (paid_other): has no condition and would hide every rule behind it"},
		"no channel":     {func(c *channel.Config) { c.Rules[1].Channel = "paid" }, head + "rule 2 (paid): there is no such channel"},
		"field":          {func(c *channel.Config) { c.Rules[1].All[0].Field = "term" }, head + `rule 2 (paid_other): field "term" is not source, medium or campaign`},
		"capitals":       {func(c *channel.Config) { c.Rules[1].All[0].Is = []string{"CPC"} }, head + `rule 2 (paid_other): "CPC" is not in lower case and can never match`},
		"empty part":     {func(c *channel.Config) { c.Rules[1].All[0].Prefix = []string{""} }, head + "rule 2 (paid_other): an empty text in contains, prefix or suffix matches everything"},
		"no test":        {func(c *channel.Config) { c.Rules[1].All[0].Contains = nil }, head + "rule 2 (paid_other): a condition on medium tests nothing"},
		"two tests":      {func(c *channel.Config) { c.Rules[2].Any[0].Field = "medium" }, head + "rule 3 (organic_search): a condition tests a category or a field, not both"},
		"rule category":  {func(c *channel.Config) { c.Rules[2].Any[0].Category = "x" }, head + `rule 3 (organic_search): there is no category "x"`},
		"pattern":        {func(c *channel.Config) { c.Rules[3].All[0].Pattern = "(" }, head + "rule 4 (display): error parsing regexp: missing closing ): `(`"},
		"category":       {func(c *channel.Config) { c.Categories["y"] = "x" }, head + `source "y": there is no category "x"`},
		"no medium":      {func(c *channel.Config) { delete(c.Mediums, "chatbot") }, head + `medium "chatbot" is missing`},
		"empty medium":   {func(c *channel.Config) { c.Mediums["ad"] = channel.Medium{} }, head + `medium "ad": does not say as which medium rules see it`},
		"medium's":       {func(c *channel.Config) { c.Mediums["ad"] = channel.Medium{Category: "x", As: "y"} }, head + `medium "ad": there is no category "x"`},
		"site medium":    {func(c *channel.Config) { c.Sites[0].Medium = "x" }, head + `site "Find": there is no medium "x"`},
		"site category":  {func(c *channel.Config) { c.Sites[0].Category = "x" }, head + `site "Find": there is no category "x"`},
		"site source":    {func(c *channel.Config) { c.Sites[1].Source = "" }, head + `site "" (find.example/pictures): needs a source and hosts`},
		"site host":      {func(c *channel.Config) { c.Sites[1].Hosts[0] = "https://a" }, head + `site "Find Pictures": "https://a" is not a host`},
		"site params":    {func(c *channel.Config) { c.Sites[1].Params[0] = "/(/" }, head + "site \"Find Pictures\": error parsing regexp: missing closing ): `(`"},
		"click id":       {func(c *channel.Config) { c.ClickIDs["x"] = channel.ClickID{"a", "b"} }, head + `click id "x": FromURL does not know it; add it to channel.ClickIDs`},
		"click id lacks": {func(c *channel.Config) { delete(c.ClickIDs, "gclid") }, head + `click id "gclid": has no source and medium`},
		"click medium":   {func(c *channel.Config) { c.ClickIDs["gclid"] = channel.ClickID{"a", "B"} }, head + `click id "gclid": needs a source and a medium in lower case`},
		"explicit":       {func(c *channel.Config) { c.Explicit["x"] = "y" }, head + `explicit name "x": there is no channel "y"`},
		"explicit empty": {func(c *channel.Config) { c.Explicit["- "] = channel.Chat }, head + `explicit name "- ": holds no letters`},
		"explicit twice": {func(c *channel.Config) { c.Explicit["e-mail"], c.Explicit["E mail"] = channel.Email, channel.SMS }, head + `explicit name "e-mail": is both sms and email`},
		"platform":       {func(c *channel.Config) { c.Explicit["WEB"] = channel.Chat }, head + `explicit name "WEB": is also a platform, which is no sign of a channel`},
		"platform group": {func(c *channel.Config) { c.Platforms = []string{"Email"} }, head + `platform "Email": is also a channel`},
		"several": {
			func(c *channel.Config) { c.Version, c.Rules[1].Channel, c.Categories["y"] = "", "paid", "x" },
			"check channel rules \"\": version is missing\nrule 2 (paid): there is no such channel\nsource \"y\": there is no category \"x\"",
		},
	}
	for name, tt := range tests {
		config := smallConfig()
		tt.change(&config)
		_, err := channel.New(config)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s: New() = %v\nwant %s", name, err, tt.want)
		}
	}
}

// TestPunycode holds the decoder against the sample strings of RFC 3492 section 7.1 that are written in lower case.
func TestPunycode(t *testing.T) {
	t.Parallel()
	rules, err := channel.New(smallConfig())
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{
		"xn--4dbcagdahymbxekheh6e0a7fei0b":           "למההםפשוטלאמדבריםעברית",
		"xn--ihqwcrb4cv8a8dqg056pqjye":               "他们为什么不说中文",
		"xn--ihqwctvzc91f659drss3x8bo0yb":            "他們爲什麽不說中文",
		"xn--n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa": "なぜみんな日本語を話してくれないのか",
		"xn--b1abfaaepdrnnbgefbadotcwatmq2g4l":       "почемужеонинеговорятпорусски",
		"xn--3b-ww4c5e180e575a65lsy2b":               "3年b組金八先生",
		"xn--2-u9tlzr9756bt3uc0v":                    "ひとつ屋根の下2",
		"xn--mnchen-3ya":                             "münchen",
	}
	for encoded, decoded := range tests {
		s := channel.Signals{Referrer: "https://" + encoded + ".example/", Page: "https://" + decoded + ".example/"}
		if got := rules.Of(s); got != "" {
			t.Errorf("Of(%+v) = %q, want an internal link", s, got)
		}
		s.Page = "https://" + decoded + "x.example/"
		if got := rules.Of(s); got != channel.Referral {
			t.Errorf("Of(%+v) = %q, want a referral", s, got)
		}
	}
	for _, broken := range []string{"xn--", "xn--a-é", "xn--99999999", "xn--mnchen-3y", "xn--!!!"} {
		s := channel.Signals{Referrer: "https://" + broken + ".example/", Page: "https://shop.example/"}
		if got := rules.Of(s); got != channel.Referral && got != "" {
			t.Errorf("Of(%+v) = %q, want a referral or nothing", s, got)
		}
	}
}
