package policy

import (
	"maps"
	"slices"
	"strings"
)

// CloudFront's own policies, by their ids.
const (
	cachingDisabled  = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
	allButHostHeader = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
)

// conditions that a template may have, each with what it says: a resource that comes and goes must do so for a reason that is known.
var conditions = map[string]string{
	"HasAlarms":   "map[Fn::Not:[map[Fn::Equals:[${AlarmTopicArn} ]]]]",
	"HasGeoLayer": "map[Fn::Not:[map[Fn::Equals:[${GeoLayer} ]]]]",
	"HasEdge":     "map[Fn::Not:[map[Fn::Equals:[${EdgeDomain} ]]]]",
}

// judgedOfDistributions are members of DistributionConfig. Logging is none: access logs hold addresses and query strings.
var judgedOfDistributions = []string{
	"Aliases", "CacheBehaviors", "Comment", "DefaultCacheBehavior", "Enabled", "HttpVersion", "IPV6Enabled", "Origins", "ViewerCertificate",
}

// judgedOfBehaviors are members of a cache behavior.
var judgedOfBehaviors = []string{
	"AllowedMethods", "CachePolicyId", "Compress", "FunctionAssociations", "OriginRequestPolicyId", "PathPattern", "TargetOriginId", "ViewerProtocolPolicy",
}

func (c *checker) distribution(r resource) {
	config := object(r.properties["DistributionConfig"])
	c.members(r, "DistributionConfig", config, judgedOfDistributions)
	certificate := object(config["ViewerCertificate"])
	if text(certificate["MinimumProtocolVersion"]) != "TLSv1.2_2021" || text(certificate["SslSupportMethod"]) != "sni-only" {
		c.against(r, "it takes older TLS than TLSv1.2_2021, or a dedicated address for each certificate")
	}
	if !strings.HasPrefix(text(certificate["AcmCertificateArn"]), "${") {
		c.against(r, "its certificate is none of whoever deploys it")
	}
	for _, o := range list(config["Origins"]) {
		origin := object(at(o, "CustomOriginConfig"))
		if text(origin["OriginProtocolPolicy"]) != "https-only" || len(list(origin["OriginSSLProtocols"])) != 1 || text(list(origin["OriginSSLProtocols"])[0]) != "TLSv1.2" {
			c.against(r, "it asks an origin by something other than https with TLSv1.2")
		}
		if !strings.HasPrefix(text(at(o, "DomainName")), "${Api}.") {
			c.against(r, "it asks an origin that is not the HTTP API of this template")
		}
	}
	for _, o := range list(config["Origins"]) {
		headers := list(at(o, "OriginCustomHeaders"))
		if len(headers) != 1 || text(at(headers[0], "HeaderName")) != "waymark-edge-proof" || text(at(headers[0], "HeaderValue")) != "${AWS::StackId}" {
			c.against(r, "it does not prove to Collect that it is the edge, so all visitors have its address")
		}
	}
	usual := object(config["DefaultCacheBehavior"])
	c.behavior(r, usual)
	if text(usual["CachePolicyId"]) != cachingDisabled {
		c.against(r, "it may keep what is no file: the default behavior's CachePolicyId is not CachingDisabled")
	}
	if text(usual["OriginRequestPolicyId"]) != allButHostHeader {
		c.against(r, "the HTTP API does not get what collect needs: the default behavior's OriginRequestPolicyId is not AllViewerExceptHostHeader")
	}
	for _, v := range list(config["CacheBehaviors"]) {
		b := object(v)
		c.behavior(r, b)
		if !strings.HasPrefix(text(b["PathPattern"]), "${EdgePath}/") || strings.HasPrefix(text(b["PathPattern"]), "${EdgePath}/*") {
			c.against(r, "the path pattern %q is not one below EdgePath", text(b["PathPattern"]))
		}
		for _, method := range list(b["AllowedMethods"]) {
			if !slices.Contains([]string{"GET", "HEAD", "OPTIONS"}, text(method)) {
				c.against(r, "files take %s at %s", text(method), text(b["PathPattern"]))
			}
		}
		if policy, found := c.named(b["CachePolicyId"]); !found || policy.kind != "AWS::CloudFront::CachePolicy" {
			c.against(r, "the cache policy of %s is none of this template", text(b["PathPattern"]))
		}
	}
}

// behavior checks what holds for every behavior.
func (c *checker) behavior(r resource, b map[string]any) {
	c.members(r, "cache behavior", b, judgedOfBehaviors)
	if text(b["ViewerProtocolPolicy"]) != "https-only" {
		c.against(r, "it answers without TLS, or with a redirect, on which some clients send for ever: ViewerProtocolPolicy is not https-only")
	}
	functions := list(b["FunctionAssociations"])
	if len(functions) != 1 || text(at(functions[0], "EventType")) != "viewer-request" {
		c.against(r, "a behavior does not run the edge's function on viewer-request")
		return
	}
	if f, found := c.named(at(functions[0], "FunctionARN")); !found || f.kind != "AWS::CloudFront::Function" {
		c.against(r, "a behavior runs a function that is none of this template")
	}
}

func (c *checker) cachePolicy(r resource) {
	config := object(r.properties["CachePolicyConfig"])
	c.members(r, "CachePolicyConfig", config, []string{"DefaultTTL", "MaxTTL", "MinTTL", "Name", "ParametersInCacheKeyAndForwardedToOrigin"})
	for _, name := range []string{"MinTTL", "DefaultTTL"} {
		if text(config[name]) != "0" {
			c.against(r, "%s is not 0, so it keeps what says that it must not be kept", name)
		}
	}
	key := object(config["ParametersInCacheKeyAndForwardedToOrigin"])
	if text(at(key, "CookiesConfig", "CookieBehavior")) != "none" {
		c.against(r, "cookies are part of what is kept")
	}
	if text(at(key, "QueryStringsConfig", "QueryStringBehavior")) != "all" {
		c.against(r, "answers to different queries are taken for one")
	}
	headers := list(at(key, "HeadersConfig", "Headers"))
	if len(headers) != 1 || text(headers[0]) != "waymark-edge" {
		c.against(r, "answers to different hosts are taken for one, or headers of visitors are part of what is kept")
	}
}

func (c *checker) edgeFunction(r resource) {
	if text(at(r.properties, "FunctionConfig", "Runtime")) != "cloudfront-js-2.0" || r.properties["AutoPublish"] != true {
		c.against(r, "its runtime is not cloudfront-js-2.0, or a new version of it is not used")
	}
	if text(r.properties["FunctionCode"]) == "" {
		c.against(r, "its code is not a text of this template, so `waymark dev` cannot run it")
	}
}

// members complains of what nobody judged.
func (c *checker) members(r resource, of string, members map[string]any, judged []string) {
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains(judged, name) {
			c.against(r, "no rule of the policy judges %s of %s: add it to tests/policy", name, of)
		}
	}
}
