"""Tools that models may use: programs, attached files, the web. Knows no Django and no database; others import here."""

from tools.files import ToolFile
from tools.host import ToolHost
from tools.job_tools import JobTools
from tools.settings import SearchService, ToolSettings
from tools.web.engines import ENGINES
from tools.written import NotKept

__all__ = ["ENGINES", "JobTools", "NotKept", "SearchService", "ToolFile", "ToolHost", "ToolSettings"]
