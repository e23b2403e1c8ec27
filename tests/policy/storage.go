package policy

import (
	"fmt"
	"slices"
	"strings"
)

func (c *checker) table(r resource) {
	p := r.properties
	if at(p, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") != true {
		c.against(r, "point-in-time recovery is not on, so what a defect overwrites is gone")
	}
	if !c.isTrue(p["DeletionProtectionEnabled"]) {
		c.against(r, "deletion protection is not on unless somebody turns it off")
	}
	if at(p, "SSESpecification", "SSEEnabled") == false {
		c.against(r, "its encryption is switched off; leave SSESpecification out for a key of AWS, which costs nothing, or name one of your own")
	}
	if text(p["BillingMode"]) != "PAY_PER_REQUEST" {
		c.against(r, "it is not paid by the request, so it costs money while nothing happens")
	}
}

func (c *checker) bucket(r resource) {
	p := r.properties
	for _, name := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
		if at(p, "PublicAccessBlockConfiguration", name) != true {
			c.against(r, "%s is not true, so the bucket or an object in it can be made public", name)
		}
	}
	for _, rule := range list(at(p, "OwnershipControls", "Rules")) {
		if text(at(rule, "ObjectOwnership")) != "BucketOwnerEnforced" {
			c.against(r, "access control lists count, because ObjectOwnership is not BucketOwnerEnforced")
		}
	}
	if len(list(at(p, "OwnershipControls", "Rules"))) == 0 {
		c.against(r, "nobody says that access control lists do not count: OwnershipControls with BucketOwnerEnforced is missing")
	}
	encryptions := list(at(p, "BucketEncryption", "ServerSideEncryptionConfiguration"))
	for _, e := range encryptions {
		if algorithm := text(at(e, "ServerSideEncryptionByDefault", "SSEAlgorithm")); !strings.HasPrefix(algorithm, "aws:kms") && algorithm != "AES256" {
			c.against(r, "its objects are encrypted with %q, want AES256 or a key of KMS", algorithm)
		}
	}
	if len(encryptions) == 0 {
		c.against(r, "it has no BucketEncryption")
	}
	if text(at(p, "VersioningConfiguration", "Status")) != "Enabled" {
		c.against(r, "versioning is not on, so what is overwritten or deleted by mistake cannot be had back")
	}
	for _, rule := range list(at(p, "LifecycleConfiguration", "Rules")) {
		for name := range object(rule) {
			if !slices.Contains([]string{"Id", "Status", "AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"}, name) {
				c.against(r, "a lifecycle rule says %s, and only unfinished uploads and old versions may be deleted by one", name)
			}
		}
		if days, ok := c.number(at(rule, "NoncurrentVersionExpiration", "NoncurrentDays"), "MinValue"); !ok || days < 30 {
			c.against(r, "an old version is deleted sooner than after 30 days")
		}
	}
	c.overTLSOnly(r, "s3", "${"+r.id+".Arn}", "${"+r.id+".Arn}/*")
}

func (c *checker) queue(r resource) {
	p := r.properties
	if p["SqsManagedSseEnabled"] != true && text(p["KmsMasterKeyId"]) == "" {
		c.against(r, "its messages are not encrypted: SqsManagedSseEnabled is not true, and it has no key of KMS")
	}
	retention, ok := c.number(p["MessageRetentionPeriod"], "MinValue")
	if !ok {
		c.against(r, "nobody says how long it keeps messages, which is four days then")
	}
	c.overTLSOnly(r, "sqs", "${"+r.id+".Arn}")
	if c.isDeadLetterQueue(r) {
		if longest := 14 * 24 * 3600; retention != longest {
			c.against(r, "it keeps dead letters for %d s, want the longest there is, %d s: a message keeps the age that it had in its source", retention, longest)
		}
		return
	}
	target, found := c.named(at(p, "RedrivePolicy", "deadLetterTargetArn"))
	if !found || target.kind != r.kind {
		c.against(r, "it has no dead-letter queue of this template, so a message that always fails is lost")
	} else if later, _ := c.number(target.properties["MessageRetentionPeriod"], "MinValue"); later <= retention {
		c.against(r, "its dead-letter queue keeps messages for %d s, it for %d s: the letters must stay longer", later, retention)
	}
	for _, bound := range []string{"Default", "MinValue"} {
		if tries, ok := c.number(at(p, "RedrivePolicy", "maxReceiveCount"), bound); !ok || tries < 5 {
			c.against(r, "a message may become a dead letter after %d tries (%s of maxReceiveCount), want 5 at least", tries, bound)
		}
	}
}

// isDeadLetterQueue says whether anything names the queue as the place for what failed.
func (c *checker) isDeadLetterQueue(r resource) bool {
	for _, q := range c.of("AWS::SQS::Queue") {
		if target, found := c.named(at(q.properties, "RedrivePolicy", "deadLetterTargetArn")); found && target.id == r.id {
			return true
		}
	}
	for _, f := range c.of("AWS::Serverless::Function") {
		for _, place := range deadLettersOf(f) {
			if target, found := c.named(place); found && target.id == r.id {
				return true
			}
		}
	}
	return false
}

func (c *checker) logGroup(r resource) {
	if days, ok := c.number(r.properties["RetentionInDays"], "Default"); !ok || days < 7 || days > 400 {
		c.against(r, "log lines are not kept for a time between 7 and 400 days: RetentionInDays is missing or says %d", days)
	}
}

// overTLSOnly wants a policy of the resource that denies everything that comes without TLS.
func (c *checker) overTLSOnly(r resource, service string, arns ...string) {
	kind, holder := "AWS::S3::BucketPolicy", "Bucket"
	if service == "sqs" {
		kind, holder = "AWS::SQS::QueuePolicy", "Queues"
	}
	for _, p := range c.of(kind) {
		isIts := slices.ContainsFunc(list(p.properties[holder]), func(v any) bool { return text(v) == "${"+r.id+"}" })
		for _, s := range list(at(p.properties, "PolicyDocument", "Statement")) {
			if isIts && deniesWithoutTLS(s, service, arns) {
				return
			}
		}
	}
	c.against(r, "it may be reached without TLS: no policy of it denies %s:* on %s where aws:SecureTransport is false", service, strings.Join(arns, " and "))
}

func deniesWithoutTLS(statement any, service string, arns []string) bool {
	for _, arn := range arns {
		if !slices.ContainsFunc(list(at(statement, "Resource")), func(v any) bool { return text(v) == arn }) {
			return false
		}
	}
	condition := object(at(statement, "Condition"))
	return text(at(statement, "Effect")) == "Deny" && text(at(statement, "Principal")) == "*" && text(at(statement, "Action")) == service+":*" &&
		len(condition) == 1 && fmt.Sprint(at(condition, "Bool", "aws:SecureTransport")) == "false"
}
