{{- /* The pod of a verb that needs the owner of the schema: .name, .command, and .settings that it alone is told. */ -}}
{{- define "lantoa.ownerPod" -}}
{{- $root := .root -}}
{{ include "lantoa.podHead" (dict "root" $root "user" $root.Values.pods.user "account" (printf "%s-%s" (include "lantoa.name" $root) .name)) }}
restartPolicy: OnFailure
containers:
  - name: {{ .name }}
    {{- include "lantoa.ourImage" $root | nindent 4 }}
    command: [{{ join ", " .command }}]
    env:
      - name: LANTOA_DB__URL
        valueFrom: {secretKeyRef: {name: {{ include "lantoa.databaseSecret" (dict "root" $root "role" "owner" "given" $root.Values.migrate.secret) }}, key: LANTOA_DB__URL}}
      - name: LANTOA_NATS__TOKEN
        valueFrom: {secretKeyRef: {name: {{ include "lantoa.natsSecret" $root }}, key: LANTOA_NATS__TOKEN}}
      - {name: LANTOA_NATS__URL, value: {{ include "lantoa.natsUrl" $root }}}
      {{- range $name, $value := merge (dict) .settings $root.Values.settings }}
      - {name: {{ $name }}, value: {{ include "lantoa.plain" $value | quote }}}
      {{- end }}
    volumeMounts:
      - {name: tmp, mountPath: /tmp}
    resources:
      {{- toYaml $root.Values.migrate.resources | nindent 6 }}
volumes:
  - {name: tmp, emptyDir: {sizeLimit: 64Mi}}
{{- end -}}
