package model

import (
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"waymark/shared/domain/channel"
)

//go:embed referrers_search_engines.yaml
var searchEnginesYAML []byte

//go:embed referrers_socials.yaml
var socialsYAML []byte

//go:embed referrers_ai_assistants.yaml
var aiAssistantsYAML []byte

// listedSites reads Matomo's lists, assistants first: several are also listed as networks or search engines.
func listedSites(needTerm []string) ([]channel.Site, error) {
	assistants, err := hostList(aiAssistantsYAML, string(channel.Assistant))
	if err != nil {
		return nil, fmt.Errorf("read referrers_ai_assistants.yaml: %w", err)
	}
	for i := range assistants {
		assistants[i].Category = channel.Assistant // Google's list knows some of these hosts as something else
	}
	engines, err := searchEngineList(searchEnginesYAML, needTerm)
	if err != nil {
		return nil, fmt.Errorf("read referrers_search_engines.yaml: %w", err)
	}
	socials, err := hostList(socialsYAML, string(channel.SocialSite))
	if err != nil {
		return nil, fmt.Errorf("read referrers_socials.yaml: %w", err)
	}
	return slices.Concat(assistants, engines, socials), nil
}

// hostList reads a list of "name: [hosts]" in the order of the file.
func hostList(data []byte, medium string) ([]channel.Site, error) {
	var sites []channel.Site
	err := eachEntry(data, func(name string, value *yaml.Node) error {
		var hosts []string
		if err := value.Decode(&hosts); err != nil {
			return err
		}
		sites = append(sites, channel.Site{Medium: medium, Source: name, Hosts: hosts})
		return nil
	})
	return sites, err
}

// searchEngine is one block of the search engine list. How to link back to the engine, its character sets, and which of its pages
// hide the term are of no use here.
type searchEngine struct {
	URLs           []string `yaml:"urls"`
	Params         []string `yaml:"params"`
	HiddenKeywords []string `yaml:"hiddenkeyword"`
	Charsets       []string `yaml:"charsets"`
	Backlink       string   `yaml:"backlink"`
}

// searchEngineList reads the search engine list. A block is divided where some of its hosts are searches only with a term.
func searchEngineList(data []byte, needTerm []string) ([]channel.Site, error) {
	var sites []channel.Site
	used := make(map[string]bool, len(needTerm))
	err := eachEntry(data, func(name string, value *yaml.Node) error {
		var blocks []searchEngine
		if err := value.Decode(&blocks); err != nil {
			return err
		}
		for _, b := range blocks {
			site := channel.Site{Medium: string(channel.SearchEngine), Source: name, Params: b.Params}
			strict := site
			strict.NeedsTerm = true
			for _, host := range b.URLs {
				if i := slices.IndexFunc(needTerm, func(n string) bool { return isWithin(host, n) }); i >= 0 {
					used[needTerm[i]] = true
					strict.Hosts = append(strict.Hosts, host)
					continue
				}
				site.Hosts = append(site.Hosts, host)
			}
			for _, s := range []channel.Site{site, strict} {
				if len(s.Hosts) > 0 {
					sites = append(sites, s)
				}
			}
		}
		return nil
	})
	for _, host := range needTerm {
		if !used[host] {
			err = errors.Join(err, fmt.Errorf("search_needs_term names %s, which is in no entry", host))
		}
	}
	return sites, err
}

// isWithin says whether a host is the other or below it.
func isWithin(host, other string) bool { return host == other || strings.HasSuffix(host, "."+other) }

// eachEntry walks a YAML mapping in the order of the file, which a Go map would lose: the first claim to a host wins.
func eachEntry(data []byte, visit func(name string, value *yaml.Node) error) error {
	var list yaml.Node
	if err := yaml.Unmarshal(data, &list); err != nil {
		return err
	}
	if len(list.Content) != 1 || list.Content[0].Kind != yaml.MappingNode {
		return fmt.Errorf("the list is not a mapping of names")
	}
	entries := list.Content[0].Content
	for i := 0; i+1 < len(entries); i += 2 {
		name := entries[i].Value
		if plain, err := url.PathUnescape(name); err == nil { // "Google%2B"
			name = plain
		}
		if err := visit(name, entries[i+1]); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
	}
	return nil
}
