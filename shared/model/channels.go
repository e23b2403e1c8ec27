// Package model holds the business rules as data: files that are embedded, read strictly, checked, and versioned.
//
// It turns files into the plain configuration of a domain package and lets that package check it; it decides nothing and
// computes nothing. Every set of rules is read once per process and every fault of it is named at once.
//
//	rules, err := model.Channels()
//	name := rules.Of(channel.Signals{Source: "google", Medium: "cpc"}) // paid_search
package model

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"waymark/shared/domain/channel"
)

//go:embed channels.yaml
var channelsYAML []byte

//go:embed channels_ga4_source_categories.csv
var ga4SourcesCSV []byte

// Channels gives the built-in channel rules. They are read and checked once; an error names every fault of the data.
func Channels() (*channel.Rules, error) { return channels() }

var channels = sync.OnceValues(func() (*channel.Rules, error) {
	config, err := ChannelConfig()
	if err != nil {
		return nil, err
	}
	return channel.New(config)
})

// ChannelConfig gives the data behind Channels, for whoever changes a part of it before making rules.
func ChannelConfig() (channel.Config, error) {
	var file channelFile
	if err := decodeChannels(channelsYAML, &file); err != nil {
		return channel.Config{}, fmt.Errorf("read channels.yaml: %w", err)
	}
	categories, err := ga4Categories(ga4SourcesCSV)
	if err != nil {
		return channel.Config{}, fmt.Errorf("read channels_ga4_source_categories.csv: %w", err)
	}
	for source, category := range file.Categories {
		if listed, ok := categories[source]; ok && listed != category {
			return channel.Config{}, fmt.Errorf("read channels.yaml: source %q is %s there and %s in Google's list", source, category, listed)
		}
		categories[source] = category
	}
	listed, err := listedSites(file.SearchNeedsTerm)
	if err != nil {
		return channel.Config{}, err
	}
	explicit, err := channelSynonyms(file.Explicit)
	if err != nil {
		return channel.Config{}, fmt.Errorf("read channels.yaml: %w", err)
	}
	return channel.Config{
		Version:    file.Version,
		Rules:      file.rules(),
		Categories: categories,
		Mediums:    file.mediums(),
		Sites:      slices.Concat(file.sites(), listed),
		Webmail:    channel.Webmail(file.Webmail),
		Search:     channel.Search(file.Search),
		ClickIDs:   file.clickIDs(),
		Explicit:   explicit,
		Platforms:  file.Platforms,
	}, nil
}

// channelFile is the shape of channels.yaml.
type channelFile struct {
	Version         string                      `yaml:"version"`
	Rules           []channelRule               `yaml:"rules"`
	Mediums         map[string]channelMedium    `yaml:"mediums"`
	Categories      map[string]channel.Category `yaml:"categories"`
	Sites           []channelSite               `yaml:"sites"`
	SearchNeedsTerm []string                    `yaml:"search_needs_term"`
	Webmail         channelWebmail              `yaml:"webmail"`
	Search          channelSearch               `yaml:"search"`
	ClickIDs        map[string]channelClickID   `yaml:"click_ids"`
	Explicit        map[channel.Name][]string   `yaml:"explicit"`
	Platforms       []string                    `yaml:"platforms"`
}

type channelRule struct {
	Channel channel.Name       `yaml:"channel"`
	All     []channelCondition `yaml:"all"`
	Any     []channelCondition `yaml:"any"`
}

type channelCondition struct {
	Field    string           `yaml:"field"`
	Category channel.Category `yaml:"category"`
	Is       []string         `yaml:"is"`
	Contains []string         `yaml:"contains"`
	Prefix   []string         `yaml:"prefix"`
	Suffix   []string         `yaml:"suffix"`
	Pattern  string           `yaml:"pattern"`
}

type channelMedium struct {
	Category channel.Category `yaml:"category"`
	As       string           `yaml:"as"`
}

type channelSite struct {
	Medium   string           `yaml:"medium"`
	Source   string           `yaml:"source"`
	Hosts    []string         `yaml:"hosts"`
	Params   []string         `yaml:"params"`
	Category channel.Category `yaml:"category"`
	As       string           `yaml:"as"`
}

type channelWebmail struct {
	Labels    []string          `yaml:"labels"`
	Endings   []string          `yaml:"endings"`
	Redirects []string          `yaml:"redirects"`
	Providers map[string]string `yaml:"providers"`
}

type channelSearch struct {
	Words  []string `yaml:"words"`
	Params []string `yaml:"params"`
}

type channelClickID struct {
	Source string `yaml:"source"`
	Medium string `yaml:"medium"`
}

func (f *channelFile) rules() []channel.Rule {
	rules := make([]channel.Rule, 0, len(f.Rules))
	for _, r := range f.Rules {
		rules = append(rules, channel.Rule{Channel: r.Channel, All: channelConditions(r.All), Any: channelConditions(r.Any)})
	}
	return rules
}

func channelConditions(given []channelCondition) []channel.Condition {
	out := make([]channel.Condition, 0, len(given))
	for _, c := range given {
		out = append(out, channel.Condition(c))
	}
	return out
}

func (f *channelFile) mediums() map[string]channel.Medium {
	mediums := make(map[string]channel.Medium, len(f.Mediums))
	for name, m := range f.Mediums {
		mediums[name] = channel.Medium(m)
	}
	return mediums
}

// sites are the file's own, which insist on their category against Google's list: they were written knowing it.
func (f *channelFile) sites() []channel.Site {
	sites := make([]channel.Site, 0, len(f.Sites))
	for _, s := range f.Sites {
		category := s.Category
		if category == "" {
			category = f.Mediums[s.Medium].Category
		}
		sites = append(sites, channel.Site{
			Medium: s.Medium, Source: s.Source, Hosts: s.Hosts, Params: s.Params, Category: category, As: s.As,
		})
	}
	return sites
}

func (f *channelFile) clickIDs() map[string]channel.ClickID {
	ids := make(map[string]channel.ClickID, len(f.ClickIDs))
	for name, id := range f.ClickIDs {
		ids[name] = channel.ClickID(id)
	}
	return ids
}

// channelSynonyms turns channel → words into word → channel.
func channelSynonyms(words map[channel.Name][]string) (map[string]channel.Name, error) {
	names := make(map[string]channel.Name)
	var faults []error
	for name, list := range words {
		for _, word := range list {
			if taken, ok := names[word]; ok {
				faults = append(faults, fmt.Errorf("explicit name %q stands for %s and %s", word, min(taken, name), max(taken, name)))
			}
			names[word] = name
		}
	}
	return names, errors.Join(faults...)
}

// ga4Categories reads Google's list of sources: a header, then source and SOURCE_CATEGORY_….
func ga4Categories(data []byte) (map[string]channel.Category, error) {
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = 2
	if _, err := r.Read(); err != nil {
		return nil, fmt.Errorf("read header: %w", err)
	}
	categories := make(map[string]channel.Category)
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return categories, nil
		}
		if err != nil {
			return nil, err
		}
		category, ok := strings.CutPrefix(record[1], "SOURCE_CATEGORY_")
		if !ok {
			return nil, fmt.Errorf("source %q: %q is no source category", record[0], record[1])
		}
		categories[strings.ToLower(record[0])] = channel.Category(strings.ToLower(category))
	}
}

// decodeChannels reads YAML and refuses keys the target does not have: a misspelled setting must not be a silent default.
func decodeChannels(data []byte, target any) error {
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	return d.Decode(target)
}
