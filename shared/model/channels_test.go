package model_test

import (
	"encoding/csv"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"waymark/shared/domain/channel"
	"waymark/shared/model"
)

func channelRules(tb testing.TB) *channel.Rules {
	tb.Helper()
	rules, err := model.Channels()
	if err != nil {
		tb.Fatalf("Channels() = %v", err)
	}
	return rules
}

// TestGA4Cases runs the cases of dbt-ga4 (testdata/channels/SOURCE.md).
func TestGA4Cases(t *testing.T) {
	t.Parallel()
	rules := channelRules(t)
	names := map[string]channel.Name{
		"Direct": channel.Direct, "Cross-network": channel.CrossNetwork, "Paid Shopping": channel.PaidShopping,
		"Paid Social": channel.PaidSocial, "Display": channel.Display, "Organic Shopping": channel.OrganicShopping,
		"Organic Social": channel.OrganicSocial, "Organic Video": channel.OrganicVideo, "Organic Search": channel.OrganicSearch,
		"Referral": channel.Referral, "Email": channel.Email, "Audio": channel.Audio, "SMS": channel.SMS,
		"Mobile Push Notifications": channel.MobilePush,
	}
	file, err := os.Open("testdata/channels/ga4_default_channel_cases.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(records)-1, 15; got != want {
		t.Errorf("the file holds %d cases, want %d", got, want)
	}
	for _, record := range records[1:] {
		want, ok := names[record[3]]
		if !ok {
			t.Fatalf("no id for the group %q", record[3])
		}
		s := channel.Signals{Source: record[0], Medium: record[1], Campaign: record[2]}
		if got := rules.Of(s); got != want {
			t.Errorf("Of(%+v) = %q, want %q", s, got, want)
		}
	}
}

// TestChannelOfCampaigns reads the rules of Google's help page case by case, with what they lack.
func TestChannelOfCampaigns(t *testing.T) {
	t.Parallel()
	rules := channelRules(t)
	tests := []struct {
		source, medium, campaign string
		want                     channel.Name
	}{
		{"direct", "none", "", channel.Direct},
		{"(direct)", "(not set)", "", channel.Direct},
		{"direct", "", "", channel.Direct},
		{"google", "cpc", "Cross-Network Q3", channel.CrossNetwork},
		{"amazon.com", "ppc", "", channel.PaidShopping},
		{"google", "cpc", "eshop autumn", channel.PaidShopping},
		{"google", "cpc", "workshop autumn", channel.PaidSearch},
		{"google", "cpm", "", channel.PaidSearch},
		{"Bing", "CPC", "", channel.PaidSearch},
		{"facebook", "paid_social", "", channel.PaidSocial},
		{"some-network", "paid_social", "", channel.PaidSocial},
		{"www.facebook.com", "cpc", "", channel.PaidSocial},
		{"https://www.facebook.com/ads", "cpc", "", channel.PaidSocial},
		{"youtube", "cpv", "", channel.PaidVideo},
		{"youtube", "watch", "", channel.OrganicVideo},
		{"youtube", "paid", "", channel.PaidVideo},
		{"some-source", "cpm", "", channel.Display},
		{"some-source", "banner", "", channel.Display},
		{"some-source", "cpa", "", channel.PaidOther},
		{"chatgpt.com", "", "", channel.AIAssistant},
		{"perplexity", "referral", "", channel.AIAssistant},
		{"some-source", "some-medium", "shop opening", channel.OrganicShopping},
		{"instagram", "referral", "", channel.OrganicSocial},
		{"some-source", "Social-Media", "", channel.OrganicSocial},
		{"some-source", "instream-video", "", channel.OrganicVideo},
		{"google.com", "", "", channel.OrganicSearch},
		{"some-source", "organic", "", channel.OrganicSearch},
		{"partner.example", "link", "", channel.Referral},
		{"newsletter-march", "e-mail", "", channel.Email},
		{"some-source", "newsletter", "", channel.Email},
		{"some-source", "affiliate", "", channel.Affiliates},
		{"some-source", "sms", "", channel.SMS},
		{"some-source", "push", "", channel.MobilePush},
		{"some-source", "mobile-inapp", "", channel.MobilePush},
		{"gazette", "flyer", "", channel.Print},
		{"some-source", "some-medium", "some-campaign", channel.Unassigned},
		{"", "", "some-campaign", channel.Unassigned},
		{"some-source", "app", "", channel.Referral},
		{"(not set)", "(not set)", "", ""},
		{" ", "\t", "", ""},
	}
	for _, tt := range tests {
		s := channel.Signals{Source: tt.source, Medium: tt.medium, Campaign: tt.campaign}
		if got := rules.Of(s); got != tt.want {
			t.Errorf("Of(%+v) = %q, want %q", s, got, tt.want)
		}
	}
}

// TestMediumBeatsCampaign: a medium that names its kind is believed, whatever the campaign is called.
func TestMediumBeatsCampaign(t *testing.T) {
	t.Parallel()
	rules := channelRules(t)
	for _, tt := range []struct {
		source, medium, campaign string
		want                     channel.Name
	}{
		{"newsletter", "email", "shop-opening", channel.Email},
		{"klaviyo", "E-Mail", "Shopping News", channel.Email},
		{"some-source", "newsletter", "shop", channel.Email},
		{"some-source", "Mailing", "shop", channel.Email},
		{"some-source", "email marketing", "shop", channel.Email},
		{"some-source", "social_paid", "shop", channel.PaidSocial},
		{"some-source", "organic_social", "shop", channel.OrganicSocial},
		{"some-source", "paid_shopping", "mail", channel.PaidShopping},
		{"twilio", "sms", "shop", channel.SMS},
		{"facebook", "social", "shopping_guide", channel.OrganicSocial},
		{"some-source", "Social-Media", "shop", channel.OrganicSocial},
		{"facebook", "paid_social", "shop now", channel.PaidSocial},
		{"some-source", "paid_social", "shop now", channel.PaidSocial},
		{"some-source", "paid-search", "shopping de", channel.PaidSearch},
		{"some-source", "paid video", "shop", channel.PaidVideo},
		{"some-source", "organic", "shop", channel.OrganicSearch},
		{"some-source", "referral", "shop", channel.Referral},
		{"some-source", "affiliate", "shop", channel.Affiliates},
		{"some-source", "audio", "shop", channel.Audio},
		{"some-source", "podcast", "shop", channel.Audio},
		{"some-source", "web-push", "shop", channel.MobilePush},
		{"some-source", "mobile-inapp", "shop", channel.MobilePush},
		{"some-source", "instream-video", "shop", channel.OrganicVideo},
		{"some-source", "ai", "shop", channel.AIAssistant},
		{"gazette", "flyer", "shop", channel.Print},
		{"some-source", "till", "shop", channel.InStore},
		{"newsletter", "email", "cross-network spring", channel.Email},
		{"amazon.com", "email", "shop", channel.OrganicShopping}, // the source is a shopping site

		// A source that is known is what it is, whatever a campaign is called.
		{"google", "", "shop", channel.OrganicSearch},
		{"facebook", "", "shop", channel.OrganicSocial},
		{"email", "", "shop", channel.Email},
		{"sms", "", "shop", channel.SMS},

		// A medium that only says how it is paid names no kind: Google's rule stands.
		{"google", "cpc", "shopping de", channel.PaidShopping},
		{"facebook", "cpc", "shop", channel.PaidShopping},
		{"some-source", "paid", "shop", channel.PaidShopping},
		{"google", "cpm", "shopping de", channel.PaidShopping},
		{"google", "display", "cross-network", channel.CrossNetwork},
		{"some-source", "", "shop opening", channel.OrganicShopping},
		{"some-source", "banner", "shop", channel.Display},
	} {
		s := channel.Signals{Source: tt.source, Medium: tt.medium, Campaign: tt.campaign}
		if got := rules.Of(s); got != tt.want {
			t.Errorf("Of(%+v) = %q, want %q", s, got, tt.want)
		}
	}
}

// TestChannelPrecedence puts signals against each other.
func TestChannelPrecedence(t *testing.T) {
	t.Parallel()
	rules := channelRules(t)
	const google, page = "https://www.google.com/", "https://shop.example/p"
	tests := map[string]struct {
		signals channel.Signals
		want    channel.Name
	}{
		"nothing":                                {channel.Signals{}, ""},
		"explicit beats campaign":                {channel.Signals{Explicit: "Till", Source: "google", Medium: "cpc"}, channel.InStore},
		"a platform is no sign":                  {channel.Signals{Explicit: "web", Source: "google", Medium: "cpc"}, channel.PaidSearch},
		"an unknown explicit name is no sign":    {channel.Signals{Explicit: "carrier pigeon", Referrer: google}, channel.OrganicSearch},
		"campaign beats referrer":                {channel.Signals{Source: "news", Medium: "email", Referrer: google}, channel.Email},
		"campaign beats an internal referrer":    {channel.Signals{Source: "news", Medium: "email", Referrer: page, Page: page}, channel.Email},
		"click id beats referrer":                {channel.Signals{ClickID: "gclid", Referrer: google}, channel.PaidSearch},
		"click id in capitals":                   {channel.Signals{ClickID: "ScCid"}, channel.PaidSocial},
		"click id without any paid intent":       {channel.Signals{ClickID: "fbclid", Referrer: "https://l.facebook.com/"}, channel.OrganicSocial},
		"tagged medium beats the click id's":     {channel.Signals{ClickID: "fbclid", Source: "facebook", Medium: "paid_social"}, channel.PaidSocial},
		"click id gives the missing medium":      {channel.Signals{ClickID: "gclid", Source: "google"}, channel.PaidSearch},
		"click id with a shop campaign":          {channel.Signals{ClickID: "gclid", Campaign: "shopping de"}, channel.PaidShopping},
		"click id of a display network":          {channel.Signals{ClickID: "dclid"}, channel.Display},
		"click id of an affiliate network":       {channel.Signals{ClickID: "awc", Referrer: "https://blog.example/"}, channel.Affiliates},
		"click id of a mailing":                  {channel.Signals{ClickID: "mc_eid"}, channel.Email},
		"click id of a free product listing":     {channel.Signals{ClickID: "srsltid", Referrer: google}, channel.OrganicShopping},
		"unknown click id is no sign":            {channel.Signals{ClickID: "xyzclid"}, ""},
		"campaign name alone joins the referrer": {channel.Signals{Campaign: "cross-network x", Referrer: google}, channel.CrossNetwork},
		"campaign name alone keeps the referrer": {channel.Signals{Campaign: "spring", Referrer: google}, channel.OrganicSearch},
		"campaign name alone, internal link":     {channel.Signals{Campaign: "spring", Referrer: page, Page: page}, channel.Unassigned},
		"tagged as direct beats referrer":        {channel.Signals{Source: "(direct)", Medium: "(none)", Referrer: google}, channel.Direct},
		"from an address": {
			channel.FromURL("https://shop.example/?UTM_Source=News&utm_medium=E-Mail&gclid=x"), channel.Email,
		},
	}
	for name, tt := range tests {
		if got := rules.Of(tt.signals); got != tt.want {
			t.Errorf("%s: Of(%+v) = %q, want %q", name, tt.signals, got, tt.want)
		}
	}
}

func TestExplicitChannels(t *testing.T) {
	t.Parallel()
	rules := channelRules(t)
	tests := map[channel.Name][]string{
		channel.InStore:           {"in_store", "in-store", "In Store", "store", "pos", "POS", "till", "Point of Sale"},
		channel.Phone:             {"phone", "call", "call_center", "Call Center", "telephone"},
		channel.Chat:              {"chat", "livechat", "Live Chat", "chatbot"},
		channel.Support:           {"support", "helpdesk", "ticket", "service", "customer-service"},
		channel.Print:             {"print", "newspaper", "flyer", "coupon", "catalog", "Direct Mail"},
		channel.ReferralProgramme: {"referral_programme", "referral_program", "Referral Program", "friend"},
		channel.Email:             {"email", "E-Mail", "newsletter"},
		channel.MobilePush:        {"push", "Mobile Push Notifications"},
		channel.OrganicSearch:     {"organic_search", "Organic Search", " organic-search "},
		channel.CrossNetwork:      {"Cross-network"},
		"":                        {"", " ", "web", "Mobile", "app", "server", "iOS", "carrier pigeon", "\x00", "💬"},
	}
	for want, words := range tests {
		for _, word := range words {
			if got := rules.Of(channel.Signals{Explicit: word}); got != want {
				t.Errorf("Of(explicit %q) = %q, want %q", word, got, want)
			}
		}
	}
	for _, name := range channel.Names() {
		if got := rules.Of(channel.Signals{Explicit: string(name)}); got != name {
			t.Errorf("Of(explicit %q) = %q, want the same", name, got)
		}
	}
}

// TestEveryGroupIsReachable holds the rules against the list of groups, so that a rule lost from the data is seen.
func TestEveryGroupIsReachable(t *testing.T) {
	t.Parallel()
	config := model.ChannelConfig()
	reached := map[channel.Name]bool{channel.Unassigned: true}
	for _, r := range config.Rules {
		reached[r.Channel] = true
	}
	for _, name := range config.Explicit {
		reached[name] = true
	}
	for _, name := range channel.Names() {
		if !reached[name] {
			t.Errorf("no rule and no word leads to %s", name)
		}
	}
	if got := channelRules(t).Version; got == "" || got != config.Version {
		t.Errorf("Version = %q, want %q", got, config.Version)
	}
}

func TestChannelsIgnoreCase(t *testing.T) {
	t.Parallel()
	rules := channelRules(t)
	config := model.ChannelConfig()
	for source := range config.Categories {
		for _, medium := range []string{"", "cpc", "Referral", "push", "paid social", "other"} {
			lower := rules.Of(channel.Signals{Source: strings.ToLower(source), Medium: strings.ToLower(medium)})
			upper := rules.Of(channel.Signals{Source: strings.ToUpper(source), Medium: strings.ToUpper(medium)})
			if lower != upper {
				t.Errorf("Of(%q, %q) = %q in lower case and %q in capitals", source, medium, lower, upper)
			}
		}
	}
}

func FuzzOf(f *testing.F) {
	rules := channelRules(f)
	f.Add("", "google", "cpc", "spring", "gclid", "https://www.google.com/", "https://shop.example/")
	f.Add("in-store", "", "", "", "", "", "")
	f.Add("", "(direct)", "(none)", "", "", "android-app://com.google.android.gm", "")
	f.Add("", "www.xn--mnchen-3ya.example", "İ", "shop", "FBCLID", "//[::1]:80", "http://münchen.example:8080")
	f.Fuzz(func(t *testing.T, explicit, source, medium, campaign, clickID, referrer, page string) {
		s := channel.Signals{
			Explicit: explicit, Source: source, Medium: medium, Campaign: campaign, ClickID: clickID, Referrer: referrer, Page: page,
		}
		got := rules.Of(s)
		if got != "" && !got.IsKnown() {
			t.Errorf("Of(%+v) = %q, which is no group", s, got)
		}
		if !isASCII(source) || !isASCII(medium) {
			return // upper and lower case of other letters are no pairs
		}
		other := s
		other.Source, other.Medium = strings.ToUpper(source), strings.ToUpper(medium)
		if upper := rules.Of(other); upper != got {
			t.Errorf("Of(%+v) = %q, with source and medium in capitals %q", s, got, upper)
		}
	})
}

func isASCII(s string) bool {
	return utf8.RuneCountInString(s) == len(s) && strings.ToValidUTF8(s, "") == s
}

func BenchmarkOf(b *testing.B) {
	rules := channelRules(b)
	const page = "https://shop.example/product/1"
	benchmarks := map[string]channel.Signals{
		"platform, internal link": {Explicit: "web", Referrer: "https://www.shop.example/", Page: page},
		"campaign":                {Source: "google", Medium: "cpc", Campaign: "spring sale", Referrer: "https://www.google.com/", Page: page},
		"campaign, last rule":     {Source: "some-source", Medium: "some-medium", Campaign: "spring sale", Page: page},
		"search referrer":         {Referrer: "https://www.google.de/", Page: page},
		"social referrer":         {Referrer: "https://l.facebook.com/l.php?u=x", Page: page},
		"unknown referrer":        {Referrer: "https://some.blog.example/post/1", Page: page},
	}
	for name, s := range benchmarks {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rules.Of(s)
			}
		})
	}
}
