# The job in jq: jq -r -f job.jq CORPUS. What has_any asks of a needle's edges is in job.py.
def text: if type == "string" then . else "" end;
def any_of($list): . as $it | any($list[]; . == $it);

(if .category and (.properties | type) == "object" then .properties else . end) as $row
| (.Type // (.category // "" | ltrimstr("AdvancedHunting-"))) as $table
| ($row.InitiatingProcessFileName | text | ascii_downcase) as $process
| if $table == "DeviceNetworkEvents" then
    select($row.RemoteIP == "169.254.169.254")
    | select($row.RemoteUrl | text | test("(?:^|[^\\p{L}\\p{N}])(?:metadata/identity|latest/meta-data/iam/security-credentials|computeMetadata/v1/instance/service-accounts|metadata/instance)(?:$|[^\\p{L}\\p{N}])"; "i"))
    | select($process | any_of(["waagent.exe", "windowsazureguestagent.exe", "waappagent.exe", "monagentcore.exe",
        "healthservice.exe", "mmaextensionheartbeatservice.exe", "azureattestservice.exe", "azd.exe", "azurecli.exe"]) | not)
    | "imds \($row.DeviceId)"
  elif $table == "DeviceFileEvents" then
    ($row.FileName | text | ascii_downcase) as $file
    | ($row.FolderPath | text) as $path
    | if ($file | any_of(["token", "ca.crt"]))
        and ($path | test("(?:/var/run/secrets/kubernetes\\.io/serviceaccount|/run/secrets/kubernetes\\.io|/var/run/secrets/tokens)(?:$|[^\\p{L}\\p{N}])"; "i"))
        and ($process | any_of(["kubelet", "pause", "containerd-shim", "containerd-shim-runc-v2", "runc", "cri-o", "dockerd"]) | not)
      then "kubernetes \($row.DeviceId)"
      elif ($row.ActionType | text | ascii_downcase | any_of(["fileread", "fileaccessed", "filemodified"]))
        and (($file | test("(?:(?:^|[^\\p{L}\\p{N}])(?:application_default_credentials\\.json|accesstokens\\.json|azureprofile\\.json|msal_token_cache\\.json|msal_token_cache\\.bin|tokencache\\.dat|hosts\\.yml)|\\.git-credentials)(?:$|[^\\p{L}\\p{N}])"))
          or (($file | endswith(".json"))
            and ($path | test("(?:\\.config/gcloud|\\.azure|(?:^|[^\\p{L}\\p{N}])TokenCache)(?:$|[^\\p{L}\\p{N}])"; "i"))))
        and ($process | any_of(["gcloud", "gcloud.exe", "aws", "aws.exe", "az", "az.exe", "gh", "gh.exe", "git", "git.exe",
          "code.exe", "code", "terraform", "terraform.exe", "kubectl", "kubectl.exe"]) | not)
      then "cache \($row.DeviceId)"
      else empty end
  elif $table == "AuditLogs" then
    select($row.operationName | any_of(["Consent to application", "Add app role assignment to service principal",
      "Add delegated permission grant", "Add OAuth2PermissionGrant"]))
    | select($row.result == "success")
    | select($row.targetResources[0].modifiedProperties | tojson | test("(?:^|[^\\p{L}\\p{N}])(?:Mail\\.ReadWrite|Mail\\.Read|Files\\.ReadWrite\\.All|User\\.Read\\.All|Directory\\.ReadWrite\\.All|offline_access|full_access_as_user|EWS\\.AccessAsUser\\.All|Contacts\\.ReadWrite)(?:$|[^\\p{L}\\p{N}])"; "i"))
    | "consent \($row.correlationId)"
  else empty end
