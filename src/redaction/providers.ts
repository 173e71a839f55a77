/** A token that is known by its own shape. */
export interface TokenRule {
  readonly id: string;
  /** What it starts with; the pattern is tried there and nowhere else. */
  readonly starts: readonly string[];
  /** A sticky expression from the start on, in which no part can be tried in two ways. */
  readonly shape: RegExp;
  /** What the token has before its start, at most 64 characters of it, to its end. */
  readonly before?: RegExp;
  /** Where the start has too little shape of its own to be looked for inside a longer word. */
  readonly bounded?: true;
}

const rule = (id: string, starts: string, shape: RegExp): TokenRule => ({ id, starts: starts.split(' '), shape });
const bounded = (id: string, starts: string, shape: RegExp): TokenRule => ({
  ...rule(id, starts, shape),
  bounded: true,
});

/** Shapes as their issuers publish them, and a little wider, since issuers lengthen their tokens without notice. */
export const tokenRules: readonly TokenRule[] = [
  rule('anthropic-key', 'sk-ant-', /sk-ant-[\w-]{12,}/y),
  bounded('openai-key', 'sk-', /sk-(?!ant-)(?=[\w-]{0,40}(?:\d|[A-Z]))[\w-]{20,}/y),
  rule('xai-key', 'xai-', /xai-[A-Za-z0-9]{20,}/y),
  bounded('google-key', 'AIza', /AIza[\w-]{30,}/y),
  rule('google-oauth', 'ya29. GOCSPX- 1//0', /(?:ya29\.[\w.-]{20,}|GOCSPX-[\w-]{20,}|1\/\/0[\w-]{30,})/y),
  bounded('huggingface-token', 'hf_ api_org_', /(?:hf_|api_org_)[A-Za-z0-9]{20,}/y),
  rule('groq-key', 'gsk_', /gsk_[A-Za-z0-9]{20,}/y),
  rule('replicate-token', 'r8_', /r8_[A-Za-z0-9]{30,}/y),
  rule('perplexity-key', 'pplx-', /pplx-[A-Za-z0-9]{20,}/y),
  bounded('aws-key-id', 'AKIA ASIA ABIA ACCA A3T', /(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}(?![A-Za-z0-9])/y),
  rule('github-token', 'ghp_ gho_ ghu_ ghs_ ghr_', /gh[pousr]_[A-Za-z0-9_]{16,}/y),
  rule('github-pat', 'github_pat_', /github_pat_\w{16,}/y),
  rule(
    'gitlab-token',
    'glpat- gldt- glrt- glcbt- glptt- glsoat- glffct- glft- glimt- glagent- gloas-',
    /gl(?:pat|dt|rt|cbt|ptt|soat|ffct|ft|imt|agent|oas)-[\w.-]{16,}/y,
  ),
  rule('gitlab-runner', 'GR1348941', /GR1348941[\w-]{16,}/y),
  rule('bitbucket-token', 'ATBB ATATT3', /(?:ATBB[A-Za-z0-9]{24,}|ATATT3[\w=-]{40,})/y),
  rule(
    'slack-token',
    'xoxa- xoxb- xoxc- xoxd- xoxe- xoxe. xoxo- xoxp- xoxr- xoxs- xapp- xwfp-',
    /(?:xox[a-eoprs][-.]|xapp-|xwfp-)[\w.%/+=-]{10,}/y,
  ),
  {
    ...rule('slack-webhook', 'hooks.slack.com/', /hooks\.slack\.com\/(?:services|workflows|triggers)\/[\w/-]{16,}/y),
    before: /(?:https?:\/\/)?$/,
  },
  rule(
    'discord-webhook',
    'discord.com/api/webhooks/ discordapp.com/api/webhooks/',
    /discord(?:app)?\.com\/api\/webhooks\/\d+\/[\w-]{20,}/y,
  ),
  rule(
    'stripe-key',
    'sk_live_ sk_test_ rk_live_ rk_test_ pk_live_ whsec_',
    /(?:[srp]k_(?:live|test)_|whsec_)[A-Za-z0-9+/=]{16,}/y,
  ),
  rule('npm-token', 'npm_', /npm_[A-Za-z0-9]{30,}/y),
  rule('pypi-token', 'pypi-', /pypi-[\w-]{50,}/y),
  rule('rubygems-key', 'rubygems_', /rubygems_[0-9a-f]{32,}/y),
  bounded('sendgrid-key', 'SG.', /SG\.[\w-]{16,}\.[\w-]{16,}/y),
  rule('mailgun-key', 'key-', /key-[0-9a-f]{32}(?![0-9a-f])/y),
  { ...rule('mailchimp-key', '-us', /-us\d{1,2}(?!\d)/y), before: /[0-9a-f]{32}$/ },
  bounded('twilio-key', 'SK AC', /(?:SK|AC)[0-9a-f]{32}(?![0-9A-Za-z])/y),
  rule('digitalocean-token', 'dop_v1_ doo_v1_ dor_v1_', /do[por]_v1_[0-9a-f]{40,}/y),
  rule('hashicorp-token', 'hvs. hvb. hvr.', /hv[sbr]\.[\w-]{20,}/y),
  rule('doppler-token', 'dp.', /dp\.(?:pt|st|ct|scim|audit)\.[\w.-]{30,}/y),
  rule('shopify-token', 'shpat_ shpca_ shppa_ shpss_', /shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32,}/y),
  rule('linear-key', 'lin_api_ lin_oauth_', /lin_(?:api|oauth)_[A-Za-z0-9]{30,}/y),
  rule('notion-token', 'secret_ ntn_', /(?:secret_|ntn_)[A-Za-z0-9]{40,}/y),
  rule('databricks-token', 'dapi', /dapi[0-9a-f]{32}(?:-\d)?/y),
  rule('grafana-token', 'glsa_ glc_', /(?:glsa|glc)_[\w+/=]{30,}/y),
  rule('newrelic-key', 'NRAK- NRII- NRJS-', /NR(?:AK|II|JS)-[\w-]{19,}/y),
  rule('sentry-token', 'sntrys_ sntryu_', /sntry[su]_[\w+/=-]{40,}/y),
  rule('planetscale-token', 'pscale_', /pscale_(?:tkn|pw|oauth)_[\w.=-]{30,}/y),
  rule('supabase-key', 'sbp_ sb_secret_', /(?:sbp_[0-9a-f]{40}|sb_secret_[\w-]{20,})/y),
  rule('age-key', 'AGE-SECRET-KEY-', /AGE-SECRET-KEY-1[0-9A-Z]{50,}/y),
  bounded('jwt', 'eyJ', /(?<![-_])eyJ[\w-]{10,}(?:\.[\w-]{2,}){1,4}\.?/y),
  { ...rule('azure-secret', 'Q~', /Q~[\w.~-]{30,}/y), before: /[\w.~-]{3}\d$/ },
  rule('azure-account-key', 'AccountKey=', /AccountKey=[A-Za-z0-9+/]{40,}={0,2}/y),
  { ...rule('telegram-token', ':AA', /:AA[\w-]{32,35}(?![\w-])/y), before: /\d{7,11}$/ },
  {
    ...rule('discord-token', '.G .X .Y .Z', /\.[GXYZ][\w-]{5}\.[\w-]{27,}/y),
    before: /[MNO][\w-]{22,27}$/,
  },
  { ...rule('terraform-token', '.atlasv1.', /\.atlasv1\.[\w-]{40,}/y), before: /[A-Za-z0-9]{14}$/ },
];
