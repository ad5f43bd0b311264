"""The job that every peer does: the conditions of the built-in pack's four detections.

An answer is a line for each match, `vector id`: the id is DeviceId, for a consent CorrelationId. No record can match two
vectors, so a peer may decide with one CASE.
"""

import re

EDGE = r"[^\p{L}\p{N}]"


def has_any(*needles):
    """Kusto's `has_any` as a regular expression: an edge of a needle that is a letter or digit must not touch another."""

    def term(needle):
        before = f"(?:^|{EDGE})" if needle[0].isalnum() else ""
        after = f"(?:$|{EDGE})" if needle[-1].isalnum() else ""
        return before, re.escape(needle).replace(r"\-", "-"), after

    groups = {}
    for before, text, after in map(term, needles):
        groups.setdefault((before, after), []).append(text)
    return "(?i)" + "|".join(f"{b}(?:{'|'.join(texts)}){a}" for (b, a), texts in groups.items())


IMDS_ADDRESS = "169.254.169.254"
IMDS_URL = has_any(
    "metadata/identity",
    "latest/meta-data/iam/security-credentials",
    "computeMetadata/v1/instance/service-accounts",
    "metadata/instance",
)
IMDS_AGENTS = [
    "waagent.exe", "windowsazureguestagent.exe", "waappagent.exe", "monagentcore.exe", "healthservice.exe",
    "mmaextensionheartbeatservice.exe", "azureattestservice.exe", "azd.exe", "azurecli.exe",
]
K8S_PATH = has_any(
    "/var/run/secrets/kubernetes.io/serviceaccount", "/run/secrets/kubernetes.io", "/var/run/secrets/tokens"
)
K8S_FILES = ["token", "ca.crt"]
K8S_PROCESSES = ["kubelet", "pause", "containerd-shim", "containerd-shim-runc-v2", "runc", "cri-o", "dockerd"]
CACHE_FILE = has_any(
    "application_default_credentials.json", "accessTokens.json", "azureProfile.json", "msal_token_cache.json",
    "msal_token_cache.bin", "TokenCache.dat", ".git-credentials", "hosts.yml",
)
CACHE_PATH = has_any(".config/gcloud", ".azure", "TokenCache")
CACHE_ACTIONS = ["fileread", "fileaccessed", "filemodified"]
CACHE_OWNERS = [
    "gcloud", "gcloud.exe", "aws", "aws.exe", "az", "az.exe", "gh", "gh.exe", "git", "git.exe", "code.exe", "code",
    "terraform", "terraform.exe", "kubectl", "kubectl.exe",
]
CONSENT_OPERATIONS = [
    "Consent to application", "Add app role assignment to service principal", "Add delegated permission grant",
    "Add OAuth2PermissionGrant",
]
CONSENT_SCOPES = has_any(
    "Mail.ReadWrite", "Mail.Read", "Files.ReadWrite.All", "User.Read.All", "Directory.ReadWrite.All",
    "offline_access", "full_access_as_user", "EWS.AccessAsUser.All", "Contacts.ReadWrite",
)

DEVICE = ["DeviceId", "ActionType", "RemoteIP", "RemoteUrl", "FileName", "FolderPath", "InitiatingProcessFileName"]


def sql_list(items):
    return "(" + ", ".join(f"'{item}'" for item in items) + ")"


def sql_case(matches):
    """The vector of a row that has the columns of DEVICE, `t` (its table) and operation, outcome and scopes of a consent.
    `matches` is the name of the function that holds a text against a regular expression."""
    quote = lambda text: "'" + text.replace("\\", "\\\\") + "'" if matches == "match" else "'" + text + "'"
    return f"""CASE
      WHEN t = 'DeviceNetworkEvents' AND RemoteIP = '{IMDS_ADDRESS}' AND {matches}(RemoteUrl, {quote(IMDS_URL)})
        AND lower(coalesce(InitiatingProcessFileName, '')) NOT IN {sql_list(IMDS_AGENTS)} THEN 'imds'
      WHEN t = 'DeviceFileEvents' AND lower(FileName) IN {sql_list(K8S_FILES)} AND {matches}(FolderPath, {quote(K8S_PATH)})
        AND lower(coalesce(InitiatingProcessFileName, '')) NOT IN {sql_list(K8S_PROCESSES)} THEN 'kubernetes'
      WHEN t = 'DeviceFileEvents' AND lower(ActionType) IN {sql_list(CACHE_ACTIONS)}
        AND ({matches}(FileName, {quote(CACHE_FILE)})
          OR (lower(FileName) LIKE '%.json' AND {matches}(FolderPath, {quote(CACHE_PATH)})))
        AND lower(coalesce(InitiatingProcessFileName, '')) NOT IN {sql_list(CACHE_OWNERS)} THEN 'cache'
      WHEN t = 'AuditLogs' AND operation IN {sql_list(CONSENT_OPERATIONS)} AND outcome = 'success'
        AND {matches}(scopes, {quote(CONSENT_SCOPES)}) THEN 'consent'
      ELSE '' END"""
