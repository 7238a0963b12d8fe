"use strict";

require("../native/run").install();
