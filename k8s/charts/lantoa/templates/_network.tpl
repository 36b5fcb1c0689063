{{- /* Rules of egress that a pod of ours needs whatever it does: names, Postgres, NATS. */ -}}
{{- define "lantoa.egressInside" -}}
- to:
    {{- toYaml .Values.networkPolicy.dns | nindent 4 }}
  ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
- to:
    {{- include "lantoa.postgresPeers" . | nindent 4 }}
  ports:
    - {protocol: TCP, port: {{ .Values.postgres.port }}}
- to:
    {{- include "lantoa.natsPeers" . | nindent 4 }}
  ports:
    - {protocol: TCP, port: {{ include "lantoa.natsUrl" . | regexFind "[0-9]+$" | default "4222" }}}
{{- end -}}

{{- /* Every process of ours reports to the collector. */ -}}
{{- define "lantoa.egressTelemetry" -}}
- to:
    {{- required "telemetry.peers: say where the collector is, for the NetworkPolicies" (.Values.telemetry.peers | default nil) | toYaml | nindent 4 }}
  ports:
    - {protocol: TCP, port: {{ .Values.telemetry.otlpEndpoint | trimSuffix "/" | regexFind "[0-9]+$" | default (hasPrefix "https:" .Values.telemetry.otlpEndpoint | ternary "443" "80") }}}
{{- end -}}

{{- define "lantoa.postgresPeers" -}}
{{- if eq .Values.postgres.mode "inChart" -}}
- podSelector:
    matchLabels:
      {{- include "lantoa.selector" (dict "root" . "component" "postgres") | nindent 6 }}
{{- else if eq .Values.postgres.mode "cloudNativePG" -}}
- podSelector: {matchLabels: {cnpg.io/cluster: {{ include "lantoa.name" . }}-postgres}}
{{- else -}}
{{- required "postgres.peers: say where Postgres is, for the NetworkPolicies (or set networkPolicy.enabled to false)" (.Values.postgres.peers | default nil) | toYaml -}}
{{- end -}}
{{- end -}}

{{- define "lantoa.natsPeers" -}}
{{- if eq .Values.nats.mode "inChart" -}}
- podSelector:
    matchLabels:
      {{- include "lantoa.selector" (dict "root" . "component" "nats") | nindent 6 }}
{{- else -}}
{{- required "nats.peers: say where NATS is, for the NetworkPolicies (or set networkPolicy.enabled to false)" (.Values.nats.peers | default nil) | toYaml -}}
{{- end -}}
{{- end -}}

{{- /* The world, and nothing that is private: a feed's address must not lead into the city's own network. */ -}}
{{- define "lantoa.egressWorld" -}}
- to:
    - ipBlock: {cidr: 0.0.0.0/0, except: {{ toJson .root.Values.networkPolicy.private4 }}}
    - ipBlock: {cidr: "::/0", except: {{ toJson .root.Values.networkPolicy.private6 }}}
  ports:
    {{- range .ports }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
{{- end -}}

{{- /* An API asks the identity provider for its keys. */ -}}
{{- define "lantoa.egressIdentity" -}}
- to:
    {{- required "auth.peers: say where the identity provider is, for the NetworkPolicies; or give its keys (auth.jwks, auth.existingConfigMap)" (.Values.auth.peers | default nil) | toYaml | nindent 4 }}
  ports:
    - {protocol: TCP, port: {{ .Values.auth.port }}}
{{- end -}}
